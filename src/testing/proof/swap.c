/*
 * Exchanges two names in one step, again and again: what was a directory is a link, and then a directory again.
 *
 *   swap COUNTER PAUSE A B [A B]…
 *
 * COUNTER is a file of 8 bytes that always says how many exchanges there were; PAUSE is in nanoseconds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define MOST 16

int main(int count, char **words) {
  int fd = count > 4 ? open(words[1], O_RDWR) : -1;
  volatile uint64_t *counter = fd < 0 ? MAP_FAILED : mmap(0, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (counter == MAP_FAILED) return 1;
  struct timespec pause = {0, strtol(words[2], 0, 10)};
  int above[MOST], pairs = 0;
  char *names[MOST];
  for (int at = 3; at + 1 < count && pairs < MOST; at += 2, pairs++) {
    /* An open directory stays the same one: a path would lead through the link that another pair has put there. */
    names[pairs] = strrchr(words[at], '/');
    *names[pairs]++ = 0;
    above[pairs] = open(words[at], O_PATH | O_DIRECTORY);
    if (above[pairs] < 0) return 1;
  }
  for (int pair = 0;; pair = (pair + 1) % pairs) {
    /* Fails while one of the names is not there, which is for others to decide. */
    if (renameat2(above[pair], names[pair], AT_FDCWD, words[2 * pair + 4], RENAME_EXCHANGE) == 0) ++*counter;
    if (pause.tv_nsec) nanosleep(&pause, 0);
  }
}
