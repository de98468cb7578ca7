"""Any torch program as the reference: what it may differ by, and a comparison by that.

`tolerance` and `closeness` are exported as `conformance.tolerance` and `conformance.assert_close`.
"""
