/* launch NAMESPACE SECONDS RESULT PROGRAM [WORD]...
 *
 * Runs a program in a network namespace, kills it and its process group after its time, and writes
 * to RESULT: exit status (-1 where it was killed), seconds of wall, of CPU, and peak KiB, with all
 * children it waited for. A program of its own, and small: Linux counts what a process was before
 * exec(2) into its peak, so one started by Python would never show less than Python. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;
static volatile sig_atomic_t late;

static void stop(int number) {
  late = number;
  kill(-child, SIGKILL);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static double seconds(struct timeval t) { return t.tv_sec + t.tv_usec / 1e6; }

int main(int count, char **words) {
  if (count < 5) return 2;
  char path[256];
  snprintf(path, sizeof path, "/run/netns/%s", words[1]);
  int namespace = open(path, O_RDONLY | O_CLOEXEC);
  if (namespace < 0 || setns(namespace, CLONE_NEWNET)) { perror(path); return 2; }
  double began = now();
  if ((child = fork()) < 0) { perror("fork"); return 2; }
  if (!child) {
    setpgid(0, 0);
    execv(words[4], words + 4);
    perror(words[4]);
    _exit(127);
  }
  setpgid(child, child);
  signal(SIGALRM, stop);
  signal(SIGTERM, stop);
  alarm(atoi(words[2]));
  int status;
  struct rusage usage;
  while (wait4(child, &status, 0, &usage) < 0)
    if (errno != EINTR) { perror("wait4"); return 2; }
  double wall = now() - began;
  alarm(0);
  kill(-child, SIGKILL); /* what it left behind */
  FILE *result = fopen(words[3], "w");
  if (!result) { perror(words[3]); return 2; }
  int code = late || !WIFEXITED(status) ? -1 : WEXITSTATUS(status);
  fprintf(result, "%d %.6f %.6f %ld\n", code, wall,
          seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss);
  return fclose(result) ? 2 : 0;
}
