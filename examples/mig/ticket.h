/* SPDX-License-Identifier: Apache-2.0 */
/* The server's tickets: clients know them by numbers, which the generated code translates. */
#ifndef TICKET_H
#define TICKET_H

#include "workshop_types.h"

typedef struct ticket *Ticket;

/* The ticket with a number; NULL if there is none. Keeps it until ticket_done(). */
Ticket ticket_find(ticket_number_t number);

ticket_number_t ticket_number(Ticket ticket);

void ticket_done(Ticket ticket);

#endif
