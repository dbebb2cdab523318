"""x."""
from __future__ import annotations
import pprl, time
from tests.oracle import Institution, tables_of
from tests.rosters import agreement_on, varied
from pprl.institution.state import State

def test_x():
    """x."""
    for profile in ("students-1","students-1-strict"):
        ag=agreement_on(profile=profile, state_id=True)
        rows=varied(150,3)
        t=time.time()
        e=pprl.encode(rows,ag,pprl.LinkageKey(bytes(range(32))),"fresno",state=State.in_memory(bytes([1]*32)),progress=False)
        t2=time.time()
        o=Institution(bytes(range(32)),bytes([1]*32)).encode(rows,ag)
        print(t2-t,time.time()-t2,e,e.notes)
        assert tables_of(e.submission)==o
