"""What changes torch for the whole process is done by one thread at a time: its default generator, and what transformers
replaces while it builds and loads a model (torch's default dtype, how weights are tied)."""

import os
import threading

alone = threading.RLock()
# A worker process forked while another thread is inside an operator may inherit a lock that nobody releases: forks wait.
os.register_at_fork(before=alone.acquire, after_in_parent=alone.release, after_in_child=alone.release)
