// A short wait between two looks at something that tells nobody when it changes.

import Glibc

func pause(milliseconds: Int) {
    usleep(UInt32(milliseconds) * 1000)
}
