/*
 * echo.c - the floor of the benchmarks: receives and sends datagrams in
 * batches of 32 and does nothing else.  What it costs a query is the kernel.
 *
 *   echo ADDR PORT
 *
 * Sets QR, so that the load generator sees an answer.  Ends with its parent.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { BATCH = 32, MESSAGE_MAX = 4096 };

int
main(int argc, char **argv)
{
	static uint8_t data[BATCH][MESSAGE_MAX];
	static struct sockaddr_in from[BATCH];
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_in at = { .sin_family = AF_INET };
	int size = 4 << 20;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (argc != 3 || inet_pton(AF_INET, argv[1], &at.sin_addr) != 1)
		return 2;
	at.sin_port = htons((uint16_t)atoi(argv[2]));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
		perror("echo");
		return 1;
	}
	for (;;) {
		int n;

		memset(msg, 0, sizeof(msg));
		for (int i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){ data[i], MESSAGE_MAX };
			msg[i].msg_hdr.msg_iov = &iov[i];
			msg[i].msg_hdr.msg_iovlen = 1;
			msg[i].msg_hdr.msg_name = &from[i];
			msg[i].msg_hdr.msg_namelen = sizeof(from[i]);
		}
		n = recvmmsg(fd, msg, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < n; i++) {
			iov[i].iov_len = msg[i].msg_len;
			data[i][2] |= 0x80;
		}
		if (n > 0)
			(void)sendmmsg(fd, msg, (unsigned)n, 0);
	}
}
