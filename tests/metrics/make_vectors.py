#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes tests/metrics/vectors/metrics.txt: random targets and answers, and what scikit-learn says of them.

    python3 tests/metrics/make_vectors.py        (numpy, scikit-learn; the committed file is of 1.9)

One case:
    case NAME classes|scores|values f32|f64 COUNT COLUMNS      (classes: COLUMNS is their number)
    targets T...
    answers Y...                                               (rows behind one another)
    METRIC VALUE ...                                           (class metrics: precision@3, top-k: top_k@2)
    end
Targets of -1 are ignored by the library; scikit-learn is given the rest.
"""
import os
import warnings

import numpy as np
from sklearn import metrics as sk

warnings.filterwarnings("ignore")
rng = np.random.default_rng(20)
lines = []


def number(x, dtype="f64"):
    return str(np.float32(x)) if dtype == "f32" else repr(float(x))


def begin(name, kind, dtype, count, columns, targets, answers):
    lines.append(f"case {name} {kind} {dtype} {count} {columns}")
    lines.append("targets " + " ".join(number(t, dtype) if kind == "values" else str(int(t)) for t in np.ravel(targets)))
    lines.append("answers " + " ".join(str(int(y)) if kind == "classes" else number(y, dtype) for y in np.ravel(answers)))


def end(expected):
    lines.extend(f"{name} {number(value)}" for name, value in expected.items())
    lines.append("end")


def class_figures(targets, answers, classes):
    out = {"accuracy": sk.accuracy_score(targets, answers),
           "balanced_accuracy": sk.balanced_accuracy_score(targets, answers)}
    for name, function in (("precision", sk.precision_score), ("recall", sk.recall_score), ("f1", sk.f1_score)):
        for average in ("micro", "macro", "weighted"):
            out[f"{name}_{average}"] = function(targets, answers, average=average, zero_division=0)
        if classes == 2:
            out[name] = function(targets, answers, average="binary", zero_division=0)
        each = function(targets, answers, labels=range(classes), average=None, zero_division=0)
        out.update({f"{name}@{c}": each[c] for c in range(classes)})
    return out


def classes_case(name, targets, answers, classes):
    targets, answers = np.asarray(targets), np.asarray(answers)
    begin(name, "classes", "f64", len(targets), classes, targets, answers)
    kept = targets >= 0
    end(class_figures(targets[kept], answers[kept], classes))


def top_k(targets, scores, k, classes):
    if classes == 2:  # scikit-learn's binary form wants the score of class 1 only
        if k >= 2:
            return 1.0
        return float(np.mean((scores[:, 1] >= scores[:, 0]) == targets))
    return sk.top_k_accuracy_score(targets, scores, k=k, labels=range(classes))


def ranked(function, targets, scores, needs_others):
    if scores.shape[1] == 1:
        return function(targets == 1, scores[:, 0])
    if scores.shape[1] == 2:
        return function(targets == 1, scores[:, 1])
    each = []
    for c in range(scores.shape[1]):
        members = targets == c
        if members.any() and not (needs_others and members.all()):
            each.append(function(members, scores[:, c]))
    return np.mean(each)


def scores_case(name, targets, scores, probable, dtype="f64"):
    targets, scores = np.asarray(targets), np.asarray(scores, np.float64)
    if dtype == "f32":
        scores = scores.astype(np.float32).astype(np.float64)
    columns = scores.shape[1]
    classes = 2 if columns == 1 else columns
    begin(name, "scores", dtype, len(targets), columns, targets, scores)
    kept = targets >= 0
    targets, scores = targets[kept], scores[kept]
    answers = (scores[:, 0] > 0.5).astype(int) if columns == 1 else scores.argmax(1)
    out = {k: v for k, v in class_figures(targets, answers, classes).items() if "@" not in k}
    if columns > 1:
        for k in (1, 2, 3, 5):
            out[f"top_k@{k}"] = top_k(targets, scores, k, classes)
        out["top_5_accuracy"] = out["top_k@5"]
    present = [c for c in range(classes) if (targets == c).any()]
    if len(present) > 1:
        out["roc_auc"] = ranked(sk.roc_auc_score, targets, scores, True)
    if classes > 2 or 1 in present:
        out["average_precision"] = ranked(sk.average_precision_score, targets, scores, False)
    if len(present) == classes and classes > 2 and probable and dtype == "f64":
        assert abs(out["roc_auc"] - sk.roc_auc_score(targets, scores, multi_class="ovr", average="macro")) < 1e-14
    if probable:
        both = np.hstack([1 - scores, scores]) if columns == 1 else scores
        least = np.finfo(np.float32 if dtype == "f32" else np.float64).eps
        clipped = np.clip(both, least, 1 - least)
        loss = float(np.mean(-np.log(clipped[np.arange(len(targets)), targets])))
        assert abs(loss - sk.log_loss(targets, clipped, labels=range(classes))) < 1e-12 * max(1, loss)
        out["log_loss"] = loss
        out["perplexity"] = np.exp(loss)
    end(out)


def values_case(name, targets, answers, dtype="f64"):
    targets, answers = np.asarray(targets, np.float64), np.asarray(answers, np.float64)
    if dtype == "f32":
        targets, answers = (a.astype(np.float32).astype(np.float64) for a in (targets, answers))
    begin(name, "values", dtype, *targets.shape, targets, answers)
    end({"mae": sk.mean_absolute_error(targets, answers), "mse": sk.mean_squared_error(targets, answers),
         "rmse": sk.root_mean_squared_error(targets, answers), "r2": sk.r2_score(targets, answers)})


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def guesses(n, classes, right, missing=()):
    """Targets, and answers of which a share is right; `missing` classes are never a target."""
    there = [c for c in range(classes) if c not in missing]
    targets = rng.choice(there, n)
    return targets, np.where(rng.random(n) < right, targets, rng.integers(0, classes, n))


def ignore(targets, share=0.2):
    return np.where(rng.random(len(targets)) < share, -1, targets)


for n, classes, right in ((1, 2, 0.5), (7, 2, 0.5), (300, 2, 0.8), (50, 3, 0.4), (300, 5, 0.6), (600, 46, 0.5)):
    classes_case(f"classes_{classes}_of_{n}", *guesses(n, classes, right), classes)
classes_case("absent_in_targets", *guesses(80, 6, 0.5, (0, 4)), 6)
targets, answers = guesses(80, 6, 0.5)
classes_case("absent_in_answers", targets, np.where(answers == 3, 2, answers), 6)
classes_case("absent_in_both", *(np.where(a == 5, 1, a) for a in guesses(80, 6, 0.7)), 6)
classes_case("single_class", np.zeros(20, int), np.zeros(20, int), 1)
classes_case("one_class_of_two", np.ones(20, int), rng.integers(0, 2, 20), 2)
classes_case("all_wrong", np.zeros(9, int), np.ones(9, int), 2)
targets, answers = guesses(200, 4, 0.6)
classes_case("ignored", ignore(targets), answers, 4)

for n, columns in ((1, 1), (40, 1), (200, 1), (5, 2), (150, 2), (60, 3), (120, 10), (80, 46)):
    for dtype in ("f64", "f32"):
        classes = max(columns, 2)
        targets = rng.integers(0, classes, n)
        logits = rng.normal(size=(n, columns))
        logits[np.arange(n), np.minimum(targets, columns - 1)] += 1.5 if columns > 1 else 3 * targets - 1.5
        p = softmax(logits) if columns > 1 else 1 / (1 + np.exp(-logits))
        scores_case(f"scores_{columns}_of_{n}_{dtype}", targets, p, True, dtype)
targets = rng.integers(0, 2, 100)
scores_case("ties_binary", targets, (np.round(2 * targets + 3 * rng.random(100)) / 5)[:, None], True)
scores_case("all_tied_binary", targets, np.full((100, 1), 0.5), True)
targets = rng.integers(0, 5, 150)
scores_case("ties", targets, np.round(rng.random((150, 5)) * 4 + 2 * np.eye(5)[targets]), False)
scores_case("all_tied", targets, np.zeros((150, 5)), False)
scores_case("logits", targets, rng.normal(size=(150, 5)) * 30, False)
scores_case("sure_and_wrong", [0, 1, 2, 1], np.eye(3)[[0, 1, 1, 2]], True)
scores_case("sure_and_wrong_f32", [0, 1, 1, 1], np.array([[0.0], [1.0], [0.0], [0.5]]), True, "f32")
targets = rng.choice([0, 2, 3], 90)
scores_case("absent_class", targets, softmax(rng.normal(size=(90, 5)) + np.eye(5)[targets]), True)
scores_case("only_members", np.ones(10, int), rng.random((10, 1)), True)
scores_case("no_members", np.zeros(10, int), rng.random((10, 1)), True)
targets = rng.integers(0, 4, 120)
scores_case("ignored_scores", ignore(targets), softmax(rng.normal(size=(120, 4)) + np.eye(4)[targets]), True)
scores_case("extremes", rng.integers(0, 2, 30), rng.normal(size=(30, 2)) * 1e200, False)

for n, columns in ((1, 1), (2, 1), (100, 1), (60, 4), (5, 7)):
    for dtype in ("f64", "f32"):
        targets = rng.normal(size=(n, columns)) * 3 + 1
        values_case(f"values_{n}_{columns}_{dtype}", targets, targets + rng.normal(size=(n, columns)), dtype)
values_case("constant_missed", np.full((6, 1), 2.5), rng.normal(size=(6, 1)))
values_case("constant_met", np.full((6, 1), 2.5), np.full((6, 1), 2.5))
values_case("constant_column", np.hstack([np.full((6, 1), 2.5), rng.normal(size=(6, 1))]), rng.normal(size=(6, 2)))
values_case("worse_than_mean", rng.normal(size=(20, 1)), 10 * rng.normal(size=(20, 1)))
values_case("far_from_zero", 1e6 + rng.normal(size=(50, 1)), 1e6 + rng.normal(size=(50, 1)))

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vectors", "metrics.txt")
with open(path, "w") as file:
    file.write("\n".join(lines) + "\n")
print(path, os.path.getsize(path), "bytes")
