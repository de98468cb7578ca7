"""`conformance diagnose`: its lines and its exit codes."""

from __future__ import annotations


def test_a_fault_is_named_and_the_code_is_1(command_line, tmp_path):
    done = command_line(
        "diagnose", "nn.GRUCell", "--samples", 8, "--implementation", "fault:gru-gates-zrn", cwd=tmp_path
    )
    assert done.returncode == 1
    first, second, *_ = done.stdout.splitlines()
    assert first.startswith("FAIL nn.GRUCell: ")
    assert second == "  diagnosis  gates are ordered z, r, n; torch's order is r, z, n (gru-gates-zrn)"


def test_a_right_subject_has_no_diagnosis_and_the_code_is_0(command_line, tmp_path):
    done = command_line("diagnose", "nn.GRUCell", "--samples", 4, cwd=tmp_path)
    assert done.returncode == 0
    (line,) = done.stdout.splitlines()
    assert line.startswith("PASS nn.GRUCell: 0 of ")


def test_one_sample_is_diagnosed(command_line, tmp_path):
    text = "nn.GRUCell:seed=1,draw=0,class=small,regime=normal,N=3,I=4,H=3,bias=true,states=true"
    done = command_line(
        "diagnose",
        "nn.GRUCell",
        "--sample",
        text,
        "--implementation",
        "fault:gru-no-reset",
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "has no reset gate (gru-no-reset)" in done.stdout
    assert f"fails    {text}" in done.stdout


def test_a_sample_of_another_case_is_refused(command_line, tmp_path):
    text = "nn.GRUCell:seed=1,draw=0,class=small,regime=normal,N=3,I=4,H=3,bias=true,states=true"
    done = command_line("diagnose", "nn.LSTMCell", "--sample", text, cwd=tmp_path)
    assert done.returncode == 2
    assert "sample: expected one of nn.LSTMCell" in done.stderr
