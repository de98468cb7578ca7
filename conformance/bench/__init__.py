"""Speed side by side: mytorch next to torch, to NumPy's bare products and to other frameworks.

A row of the report is made as follows: a workload (`workloads/`, a table) makes a side per library
(`workload`, `libraries`), their results are compared (`agreement`), their steps are timed in turn (`timing`),
and the ratios become a `rows.Row`. `memory` measures the peak of a step in processes of their own. `targets`
says what is aimed at, `profiles` where the time of a miss goes, and `report` and `plot` write it down. The
command `conformance bench` calls `running.run`.
"""
