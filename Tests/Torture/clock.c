// libfaketime replaces pthread_cond_timedwait, which then waits until a faked time, but not cnd_timedwait, by which librdkafka
// waits: this leads from the one to the other. Loaded before libfaketime. In glibc their types are the same.
#include <errno.h>
#include <pthread.h>
#include <threads.h>

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *time) {
    switch (pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, time)) {
        case 0: return thrd_success;
        case ETIMEDOUT: return thrd_timedout;
        default: return thrd_error;
    }
}
