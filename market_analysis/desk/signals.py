"""SIGINT and SIGTERM as an event of the running loop."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading


def stop_event() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set. Windows has no loop signal handlers: there the main thread's handler wakes the loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if threading.current_thread() is not threading.main_thread():
        return stop  # a service's thread gets no signals; who runs it stops it otherwise
    for number in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
        else:
            loop.add_signal_handler(number, stop.set)
    return stop
