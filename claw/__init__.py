"""claw: one daemon that lives in a home, knows its devices and obeys what people write."""

import os

# Before numpy comes: for matrices as small as the tagger's, a second thread of BLAS only waits for the first (10 s instead of
# 0.1 s for `claw train` on a busy machine).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
__version__ = "0.1.0"
