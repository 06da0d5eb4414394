#!/bin/sh
# Compile the campaign and the core it drives with mypyc (part of mypy), in a copy of the committed tree: the same ledgers byte for byte
# in about two thirds of the time. For campaigns of many millions of letters; production is never compiled.
#   setup/compile-campaign.sh FOLDER     then, in FOLDER: PYTHONPATH=$PWD letterline campaign …
set -eu
[ $# -eq 1 ] || { echo "usage: setup/compile-campaign.sh FOLDER" >&2; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
git -C "$here" worktree add --detach "$1" HEAD
cd "$1"
# The setuptools of a plain virtual environment does not know the short form of the licence yet.
sed -i '/^license/d' pyproject.toml
rules=$(ls controller/line/rules/*.py | grep -v __init__)
states=$(ls controller/states/*.py | grep -v diagram)
# Not compiled: what goes from process to process (fault plans, shifts, tallies) must pickle.
MYPYC_OPT_LEVEL=1 MYPYC_DEBUG_LEVEL=0 "$here/.venv/bin/mypyc" \
    controller/integrity.py controller/model.py controller/planning.py $states \
    controller/ledger/chain.py controller/ledger/records.py controller/ledger/projection.py controller/ledger/store.py \
    controller/ledger/ledger.py controller/line/book.py controller/line/state.py controller/line/core.py controller/line/actions.py \
    controller/line/events.py controller/line/commands.py controller/line/restore.py $rules \
    simulator/onlooker/duties.py simulator/onlooker/grants.py simulator/onlooker/hearing.py simulator/onlooker/judge.py \
    simulator/onlooker/memory.py simulator/auditor.py simulator/campaign/belt.py simulator/campaign/franking.py simulator/campaign/host.py \
    simulator/campaign/machine.py simulator/campaign/clockwork.py simulator/campaign/optics.py simulator/campaign/paper.py \
    simulator/campaign/people.py simulator/campaign/places.py simulator/campaign/press.py simulator/campaign/surroundings.py
git checkout -q -- pyproject.toml
