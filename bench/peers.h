/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Round trips of 64 bytes through other ways to call another process, for comparison. Each
 * is there if its library was found when this was built, and skips itself otherwise, or
 * when the daemon that it needs is missing.
 */
#pragma once

double peer_sdbus_direct(void); /* two ends of a socket pair */
double peer_sdbus_daemon(void); /* through a private dbus-daemon */
double peer_sdbus_broker(void); /* through a private dbus-broker */
double peer_zeromq(void); /* REQ and REP over ipc:// */
double peer_nng(void); /* the same */

/* From a call to the answer of a service that a private dbus-daemon starts for it. The program is this
 * one, executed with --serve-dbus, which is to call peer_dbus_serve() and return what that does. */
double peer_dbus_activation(void);
int peer_dbus_serve(void);
