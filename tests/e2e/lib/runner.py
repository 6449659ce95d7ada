"""A very small test runner: TAP on stdout, one summary line at the end."""

import sys
import time
import traceback

TESTS = []


def test(f):
    """Register a test; its name reads as a sentence."""
    TESTS.append(f)
    return f


def main(setup=None, teardown=None):
    only = sys.argv[1:]
    passed = failed = 0
    context = None
    try:
        context = setup() if setup else None
    except Exception:
        traceback.print_exc()
        print("not ok - set-up")
        print("0 passed, 1 failed")
        sys.exit(1)
    try:
        for f in TESTS:
            name = f.__name__.replace("_", " ")
            if only and not any(o in name for o in only):
                continue
            start = time.monotonic()
            try:
                f(context) if context is not None else f()
                passed += 1
                word = "ok"
            except Exception:
                failed += 1
                word = "not ok"
                for line in traceback.format_exc().splitlines():
                    print("# " + line)
            print(f"{word} {passed + failed} - {name} "
                  f"({time.monotonic() - start:.1f} s)", flush=True)
        if failed and context is not None and hasattr(context, "logs"):
            print("\n".join("# " + x for x in context.logs().splitlines()))
    finally:
        if teardown:
            teardown(context)
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)
