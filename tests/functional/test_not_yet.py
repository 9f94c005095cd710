# SPDX-License-Identifier: Apache-2.0
"""Requests that this version does not have yet are refused, and nothing else happens."""

import warden
from case import case
import expect


@case
def they_answer_not_supported_yet(w):
    handle = w.create()
    for request in (
        warden.LimitDiskRequest(handle=handle),
        warden.LimitBandwidthRequest(handle=handle, rate=1000, burst=1000),
    ):
        expect.error_like("not supported yet", w.c.call, request)
    expect.equal(w.run(handle, "echo hi"), "hi\n")
