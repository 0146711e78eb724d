/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel primitives that the figures of libmach are compared with, by themselves:
 * nothing but the system calls that the job needs. Measures for bench.h.
 */
#pragma once

double raw_one_way(void); /* connected SOCK_DGRAM, 64 bytes, credentials received and read */
double raw_round_trip(void); /* two such sockets, there and back */
double raw_pass_right(void); /* the same one way with an O_PATH descriptor and a pipe's end */
double raw_port_life(void); /* all calls that make a port, pass it on and end it */
double raw_getppid(void);
double raw_memcpy_64m(void); /* into memory that was not touched before */
double raw_memcpy_64m_warm(void); /* into memory that was */

/* The parts, for information. */
double raw_port_mint(void); /* socket, bind, O_PATH, unlink, close */
double raw_pipe(void); /* pipe2 of one page, both ends closed */
double raw_connect(void); /* through /proc/self/fd, and close */
double raw_seqpacket_pair(void);
double raw_round_trip_pair(void); /* a fresh SOCK_SEQPACKET pair for each answer */
