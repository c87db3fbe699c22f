/* delay FD_A FD_B MICROSECONDS
 *
 * Carries IP packets between two TUN devices, each held back for the same time: a link of fixed
 * delay for kernels without netem. One thread; a ring for each direction; a packet that finds its
 * ring full is dropped, as a router would. Ends when standard input does, so with its parent. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 8192, LARGEST = 1536 };
struct packet { int64_t due; ssize_t size; unsigned char bytes[LARGEST]; };
struct way { int from, to; unsigned written, sent; struct packet *ring; };

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void take(struct way *way, int64_t delay) {
  static unsigned char dropped[LARGEST];
  for (;;) {
    int full = way->written - way->sent == SLOTS;
    struct packet *packet = &way->ring[way->written % SLOTS];
    ssize_t size = read(way->from, full ? dropped : packet->bytes, LARGEST);
    if (size <= 0) return;
    if (full) continue;
    packet->size = size;
    packet->due = now() + delay;
    way->written++;
  }
}

/* Sends what is due and returns when the next packet is, or -1 where there is none. */
static int64_t give(struct way *way) {
  while (way->sent != way->written) {
    struct packet *packet = &way->ring[way->sent % SLOTS];
    if (packet->due > now()) return packet->due;
    if (write(way->to, packet->bytes, packet->size) < 0) { /* a full device drops, as a wire does */ }
    way->sent++;
  }
  return -1;
}

int main(int count, char **words) {
  if (count != 4) return 2;
  int a = atoi(words[1]), b = atoi(words[2]);
  int64_t delay = strtoll(words[3], NULL, 10) * 1000;
  struct way ways[2] = {{a, b, 0, 0, NULL}, {b, a, 0, 0, NULL}};
  for (int i = 0; i < 2; i++)
    if (!(ways[i].ring = calloc(SLOTS, sizeof(struct packet)))) return 1;
  prctl(PR_SET_TIMERSLACK, 1000);
  struct pollfd fds[3] = {{a, POLLIN, 0}, {b, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  for (;;) {
    int64_t first = give(&ways[0]), second = give(&ways[1]);
    int64_t due = first < 0 || (second >= 0 && second < first) ? second : first;
    int64_t left = due < 0 ? 0 : due - now();
    if (left < 0) left = 0;
    struct timespec wait = {left / 1000000000, left % 1000000000};
    if (ppoll(fds, 3, due < 0 ? NULL : &wait, NULL) < 0) return 1;
    if (fds[2].revents) return 0;
    if (fds[0].revents) take(&ways[0], delay);
    if (fds[1].revents) take(&ways[1], delay);
  }
}
