#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every example on small data made here and looks at what comes out.
#   sh tests/examples/run.sh [BUILD]
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:=${1:-build}}" "${CC:=cc}"
examples=$BUILD/examples
case $examples in /*) ;; *) examples=$PWD/$examples ;; esac
passed=0 failed=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# check WHAT COMMAND...: the command has to succeed; what it prints goes to $work/out and $work/err.
check() {
    what=$1
    shift
    if "$@" > "$work/out" 2> "$work/err"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$what failed: $*"
        tail -n 20 "$work/out" "$work/err"
    fi
}
# refuse WHAT WORD COMMAND...: the command has to fail, without a crash, with WORD in its message.
refuse() {
    what=$1 word=$2
    shift 2
    "$@" > "$work/out" 2> "$work/err" < /dev/null
    code=$?
    if [ "$code" -ge 1 ] && [ "$code" -le 2 ] && grep -q -e "$word" "$work/err"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$what: exit code $code, expected an error that names $word; it said:"
        cat "$work/err"
    fi
}
# at_least NUMBER BAR, at_most NUMBER BAR
at_least() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && a + 0 >= b + 0) }'; }
at_most() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && a + 0 <= b + 0) }'; }
# shown TEXT: the first number behind TEXT in what the last command printed.
shown() { sed -n "s/.*$1[^0-9]*\([0-9][0-9.]*\).*/\1/p" "$work/printed" | head -n 1; }
metric() { sed -n "s/.*\"$1\": \([^,}]*\).*/\1/p" "$work/$2"; }

# ---- the short programs

hello() {
    check "01_hello" "$examples/01_hello" "$work/total.safetensors"
    cp "$work/out" "$work/printed"
    check "01_hello saves" test -s "$work/total.safetensors"
    check "01_hello counts" awk 'NR > 1 { d = $2 - $3; if (d < 0) d = -d; if (d > 0.15) exit 1; n++ } END { exit n != 5 }' \
        "$work/printed"
}

# The README shows this very program, and its commands are targets of the Makefile.
readme() {
    awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' README.md > "$work/readme.c"
    sed 1d examples/01_hello.c > "$work/hello.c"
    check "README shows 01_hello.c" diff "$work/readme.c" "$work/hello.c"
    check "README's program compiles" $CC -std=c11 -fsyntax-only -Wall -Wextra -Werror -Iinclude "$work/readme.c"
    check "01_hello is under 50 lines" test "$(wc -l < examples/01_hello.c)" -lt 50
}

short_programs() {
    check "02_forecast" "$examples/02_forecast"
    check "02_forecast says 12 numbers" test "$(wc -l < "$work/out")" -eq 12
    awk 'BEGIN { for (t = 0; t < 120; t++) print 100 + 20 * sin(t * 0.5) }' > "$work/series.txt"
    check "02_forecast of a file" "$examples/02_forecast" "$work/series.txt" 5
    cp "$work/out" "$work/printed"
    check "02_forecast goes on with the wave" awk '{ d = $1 - 100 - 20 * sin((119 + NR) * 0.5); if (d < 0) d = -d
        if (d > 8) exit 1 } END { exit NR != 5 }' "$work/printed"
    refuse "02_forecast without data" numbers "$examples/02_forecast" "$work/nothing.txt"
    check "03_own_loop" "$examples/03_own_loop"
    cp "$work/out" "$work/printed"
    check "03_own_loop learns parity" at_least "$(shown 'right after')" 99
    check "04_stream" "$examples/04_stream"
    cp "$work/out" "$work/printed"
    check "04_stream follows the amplifier" at_most "$(shown 'amplifier:')" 10
    check "04_stream resumes" grep -q 'the same bits' "$work/printed"
}

# ---- the demos: models saved, and ahead of the baselines they print

demos() {
    mkdir "$work/demo"
    for name in sentiment forecast words; do
        check "demo_$name" "$examples/demo_$name" "$work/demo"
        cp "$work/out" "$work/$name.txt"
        check "demo_$name saves" test -s "$work/demo/$name.safetensors"
    done
    cp "$work/sentiment.txt" "$work/printed"
    check "sentiment: ahead of naive Bayes by 10" at_least "$(shown 'LSTM, loaded from its file')" \
        "$(shown 'bag of words' | awk '{ print $1 + 10 }')"
    cp "$work/forecast.txt" "$work/printed"
    check "forecast draws its picture" grep -q '</svg>' "$work/demo/forecast.svg"
    check "forecast: ahead of last value" at_most "$(shown 'GRU, loaded from its file, a month ahead')" \
        "$(shown 'the last month again' | awk '{ print $1 * 0.7 }')"
    cp "$work/words.txt" "$work/printed"
    check "words: ahead of letter pairs" at_least "$(shown 'GRU, loaded from its file')" \
        "$(shown 'letter pairs' | awk '{ print $1 + 30 }')"
}

# ---- classify_text: texts with named labels, ids with numbers, three classes

# texts SEED COUNT: the label is what the last mood word says; <br /> and punctuation have to be dropped.
texts() {
    awk -v seed="$1" -v count="$2" 'BEGIN {
        srand(seed)
        split("good great lovely fine superb", good); split("bad awful dull weak boring", bad)
        split("the film was a story with some music and an ending", plain)
        for (i = 0; i < count; i++) {
            text = ""; label = ""
            n = 4 + int(rand() * 8)
            for (k = 0; k < n; k++) text = text " " plain[1 + int(rand() * 11)]
            positive = rand() < 0.5
            word = positive ? good[1 + int(rand() * 5)] : bad[1 + int(rand() * 5)]
            print (positive ? "liked" : "hated") "\t" text "<br />" toupper(substr(word, 1, 1)) substr(word, 2) "! the end."
        }
    }'
}
# ids SEED COUNT: three classes, told by one of three ids; 5000 is above --max-words.
ids() {
    awk -v seed="$1" -v count="$2" 'BEGIN {
        srand(seed)
        for (i = 0; i < count; i++) {
            label = int(rand() * 3); line = label "\t1"
            n = 3 + int(rand() * 8)
            for (k = 0; k < n; k++) line = line " " 10 + int(rand() * 20)
            print line " 5000 " 4 + label " " 10 + int(rand() * 20)
        }
    }'
}

classify_words() {
    classify=$examples/classify_text model=$work/words.safetensors
    texts 1 600 > "$work/train.tsv"
    texts 2 200 > "$work/test.tsv"
    check "train on texts" "$classify" --train "$work/train.tsv" --test "$work/test.tsv" --cell gru --embed 8 \
        --units=16 --max-words 1000 --lr 0.01 --epochs 5 --validation-split 0.2 --early-stop 3 --seed 3 --threads 2 \
        --save "$model" --metrics-json "$work/words.json"
    check "accuracy on texts" at_least "$(metric test_acc words.json)" 0.95
    check "model of texts is there" test -s "$model"
    for key in val_acc val_acc_best test_acc test_loss test_macro_recall test_macro_f1 epoch_seconds parameters; do
        check "metrics have $key" grep -q "\"$key\": [0-9[]" "$work/words.json"
    done
    if command -v python3 > /dev/null; then
        check "metrics are JSON" python3 -c 'import json, sys; m = json.load(open(sys.argv[1]))
assert len(m) == 8 and m["val_acc_best"] == max(m["val_acc"]) and len(m["epoch_seconds"]) == len(m["val_acc"])' \
            "$work/words.json"
    fi
    printf 'What a superb story\r\n\nan awful, awful film\n' > "$work/lines"
    check "predict texts" sh -c '"$1" --load "$2" --predict < "$3"' sh "$classify" "$model" "$work/lines"
    cp "$work/out" "$work/printed"
    check "one answer a line" test "$(wc -l < "$work/printed")" -eq 3
    check "class and probability" grep -Eq '^liked	(0\.[5-9][0-9]*|1\.0+)$' "$work/printed"
    check "the other class" sh -c 'sed -n 3p "$1" | grep -q "^hated	"' sh "$work/printed"
    check "a loaded model is tested" "$classify" --load "$model" --test "$work/test.tsv" --metrics-json "$work/again.json"
    check "the same accuracy" test "$(metric test_acc again.json)" = "$(metric test_acc words.json)"
    sed -n '/^hated/p' "$work/test.tsv" > "$work/hated.tsv" # the class that the model saw second comes first here
    sed -n '/^liked/p' "$work/test.tsv" | head -n 5 >> "$work/hated.tsv"
    check "classes keep their numbers" "$classify" --load "$model" --test "$work/hated.tsv" \
        --metrics-json "$work/hated.json"
    check "accuracy with classes in another order" at_least "$(metric test_acc hated.json)" 0.95
    answers_at_once
}

# valid WHAT FILE: the file is there and well-formed XML, by the project's own strict checker, and by xmllint where that is.
valid() {
    check "$1 is well-formed" "$work/check_xml" "$2"
    if command -v xmllint > /dev/null; then check "$1 pleases xmllint" xmllint --noout --nonet "$2"; fi
}

# The reports of a run that trains, of one that only tests, and of one that has nothing to test on.
reports() {
    check "the checker of reports compiles" $CC -std=c11 -D_POSIX_C_SOURCE=200809L ${TEST_FLAGS:-} -Iinclude -Ilib \
        -Itests tests/report/check_xml.c "$BUILD/librnn.a" -lm -lpthread -o "$work/check_xml"
    refuse "the checker finds faults" "outside the root" "$work/check_xml" tests/report/xml.h
    check "train with a report" "$classify" --train "$work/train.tsv" --test "$work/test.tsv" --cell gru --embed 8 --units 8 \
        --lr 0.01 --epochs 2 --validation-split 0.2 --report "$work/report"
    for file in report.html curves.svg confusion.svg; do valid "$file" "$work/report/$file"; done
    for word in 'val_accuracy' '<td class="text" dir="auto">gru</td>' '>liked</th>' 'macro average' 'best: epoch'; do
        check "the report says $word" grep -q -e "$word" "$work/report/report.html"
    done
    { cat "$work/test.tsv"; printf 'liked\tan <b>awful</b> & "awful" film ]]>\n\nliked\tbad \001 \377 bad\n'; } > "$work/odd.tsv"
    check "test with a report" "$classify" --load "$model" --test "$work/odd.tsv" --report "$work/report"
    valid "report.html of odd texts" "$work/report/report.html"
    check "the report shows the worst errors" grep -q 'an &lt;b&gt;awful&lt;/b&gt; &amp; ' "$work/report/report.html"
    check "train with a report, without a test" "$classify" --train "$work/train.tsv" --epochs 1 --report "$work/untested"
    valid "report.html without a test" "$work/untested/report.html"
    check "no test, no matrix" test ! -e "$work/untested/confusion.svg"
    check "train with a validation file" "$classify" --train "$work/train.tsv" --validation "$work/test.tsv" --epochs 2 \
        --early-stop 1 --monitor recall --clean --pool max --drop-words 0.1 --balance weights --metrics-json "$work/valid.json"
    check "figures of the validation file" test "$(metric val_acc_best valid.json)" != null
    refuse "two validations" "--validation-split" "$classify" --train "$work/train.tsv" --validation "$work/test.tsv" \
        --validation-split 0.1
    refuse "a recall of nothing" "--monitor recall" "$classify" --train "$work/train.tsv" --monitor recall
    refuse "two tests" "--test-split" "$classify" --train "$work/train.tsv" --test "$work/test.tsv" --test-split 0.1
    refuse "a test of no texts" "not one of" "$classify" --train "$work/train.tsv" --test-split 0.001
    refuse "a report without data" "--report needs" "$classify" --load "$model" --predict --report "$work/report"
    refuse "a report that has no place" "no/such" "$classify" --train "$work/train.tsv" --epochs 0 --report "$work/no/such"
}

# The answer to the first line has to come while the input is still open.
answers_at_once() {
    mkfifo "$work/in"
    "$classify" --load "$model" --predict < "$work/in" > "$work/answers" 2> "$work/err" &
    process=$!
    exec 3> "$work/in"
    echo "a lovely film" >&3
    tries=0
    while [ ! -s "$work/answers" ] && [ $tries -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    check "answers at once" test -s "$work/answers"
    exec 3>&-
    wait $process
    check "ends with its input" test $? -eq 0
}

classify_ids() {
    model=$work/ids.safetensors
    ids 1 600 > "$work/train.ids"
    ids 2 200 > "$work/test.ids"
    for pad in none pre post; do
        check "train on ids, pad $pad" "$classify" --train "$work/train.ids" --test "$work/test.ids" --cell lstm \
            --bidirectional --layers 2 --embed 8 --units 8 --max-words 40 --max-len 12 --pad $pad --truncate pre \
            --optimizer adam --lr 0.02 --epochs 6 --batch 16 --validation-split 0.1 --save "$model" \
            --metrics-json "$work/ids.json"
        check "accuracy on ids, pad $pad" at_least "$(metric test_acc ids.json)" 0.95
        echo "1 12 15 99999 6 20" > "$work/lines"
        check "predict ids, pad $pad" sh -c '"$1" --load "$2" --predict < "$3" | grep -q "^2	"' sh "$classify" \
            "$model" "$work/lines"
    done
    for optimizer in sgd rmsprop; do
        check "train with $optimizer" "$classify" --train "$work/train.ids" --cell rnn --optimizer $optimizer \
            --epochs 1 --max-words 40 --truncate post --max-len 5 --dropout 0.1 --recurrent-dropout 0.1 \
            --metrics-json "$work/$optimizer.json"
        check "no test, no figure" test "$(metric test_acc $optimizer.json)" = null
    done
    echo "words here" > "$work/lines"
    refuse "words for a model of ids" "token ids" sh -c '"$1" --load "$2" --predict < "$3"' sh "$classify" "$model" \
        "$work/lines"
}

quantize() {
    tab=$(printf '\t')
    sed "s/^0$tab/bad$tab/; s/^1$tab/good$tab/" "$work/test.ids" > "$work/named.ids"
    sort -r "$work/named.ids" > "$work/turned.ids" # the classes come the other way round
    check "a model to round" "$classify" --train "$work/named.ids" --cell lstm --embed 8 --units 8 --max-words 40 \
        --max-len 12 --epochs 3 --save "$model"
    for precision in bf16 int8 int8_weights; do
        check "quantize to $precision" "$examples/quantize" "$model" "$work/small.safetensors" $precision \
            "$work/named.ids"
        cp "$work/out" "$work/printed"
        "$examples/quantize" "$model" "$work/small.safetensors" $precision "$work/turned.ids" > "$work/turned.txt"
        check "the order of the texts does not matter" cmp -s "$work/printed" "$work/turned.txt"
        check "accuracy of every precision" test "$(grep -c 'accuracy [01]\.[0-9]' "$work/printed")" -eq 4
        check "it classifies" sh -c 'echo "1 12 15 6 20" | "$1" --load "$2" --predict | grep -q .' sh "$classify" \
            "$work/small.safetensors"
    done
    refuse "a precision that is not there" "int8_weights" "$examples/quantize" "$model" "$work/small.safetensors" int4
    refuse "a model without floats" "float weights" "$examples/quantize" "$work/small.safetensors" "$work/x" bf16
}

classify_errors() {
    check "help" "$classify" --help
    check "help names all options" test "$(grep -c -e '^  --' "$work/out")" -eq 37
    refuse "no options" train "$classify"
    refuse "unknown option" "--unit" "$classify" --train "$work/train.tsv" --unit 3
    refuse "unknown cell" "rnn|lstm|gru" "$classify" --train "$work/train.tsv" --cell mlp
    refuse "no number" "whole number" "$classify" --train "$work/train.tsv" --units many
    refuse "out of range" "0.999" "$classify" --train "$work/train.tsv" --dropout 1
    refuse "missing value" "--epochs" "$classify" --train "$work/train.tsv" --epochs
    refuse "missing file" "nothing.tsv" "$classify" --train "$work/nothing.tsv"
    refuse "not a model" "train.tsv" "$classify" --load "$work/train.tsv" --predict
    echo "liked	one class only" > "$work/one.tsv"
    refuse "one class" "2 classes" "$classify" --train "$work/one.tsv"
    echo "loathed	a label that training has not seen" > "$work/label.tsv"
    refuse "unknown label" loathed "$classify" --train "$work/train.tsv" --test "$work/label.tsv" --epochs 0
    refuse "cannot write" "no/such" "$classify" --train "$work/train.tsv" --epochs 0 --save "$work/no/such/file"
}

# ---- docs/own-reviews.md: its table is read, and each of its commands is run, on a table like it

# block KIND: the code blocks of that kind.
block() { awk -v kind="$1" '$0 == "```" kind { on = 1; next } /^```$/ { on = 0 } on' docs/own-reviews.md; }
own_reviews() {
    mkdir -p "$work/own/build"
    ln -s "$examples" "$work/own/build/examples"
    block csv > "$work/own/shown.csv"
    (
        block csv | head -n 1
        awk 'BEGIN {
            srand(7)
            split("love it|works well|is quiet|so good|arrived on time", good, "|")
            split("broken after two days|did not reply|is loud|so bad|came too late", bad, "|")
            for (i = 1; i <= 400; i++) {
                positive = rand() < 0.5
                word = positive ? good[1 + int(rand() * 5)] : bad[1 + int(rand() * 5)]
                other = rand() < 0.3 ? ", and ""my"" friend says so" : ""
                gsub(/"/, "\"\"", other)
                print i ",lamp,\"This lamp" other ": " word "\"," (positive ? "good" : "bad")
            }
        }'
    ) > "$work/own/reviews.csv"
    { echo 'set -e'; block sh; } > "$work/own/commands.sh"
    check "the page has commands" test "$(grep -c classify_text "$work/own/commands.sh")" -ge 3
    check "the page's commands" sh -c 'cd "$1" && sh commands.sh' sh "$work/own"
    cp "$work/out" "$work/printed"
    check "the page's model is good" at_least "$(shown 'test: accuracy')" 0.9
    check "the page's answer" grep -q '^good	0\.' "$work/printed"
    for folder in report later; do
        valid "report.html in $folder" "$work/own/$folder/report.html"
        check "the report of own reviews" grep -q '>bad</th>' "$work/own/$folder/report.html"
    done
    check "the page's table" "$classify" --load "$work/own/reviews.safetensors" --test "$work/own/shown.csv" --text review \
        --label verdict --report "$work/own/shown"
    cp "$work/out" "$work/printed"
    check "the rows of the page's table" grep -q ', 3 texts' "$work/printed"
    refuse "no such column" verdikt "$classify" --train "$work/own/reviews.csv" --text review --label verdikt --epochs 0
    refuse "one column only" "--label" "$classify" --train "$work/own/reviews.csv" --text review
    echo '9,lamp,"no verdict",' >> "$work/own/shown.csv"
    refuse "a row without a label" missing "$classify" --train "$work/own/shown.csv" --text review --label verdict --epochs 0
}

# The gates carry what SimpleRNN forgets; pictures of it.
vanishing() {
    check "vanishing" "$examples/vanishing" --steps 30 --updates 500 --units 16 --lr 0.01 --out "$work/pictures"
    cp "$work/out" "$work/printed"
    check "vanishing: SimpleRNN fails" at_least "$(shown 'SimpleRNN: mean squared error')" 0.05
    check "vanishing: LSTM learns" at_most "$(shown 'LSTM: mean squared error')" 0.01
    check "vanishing: GRU learns" at_most "$(shown 'GRU: mean squared error')" 0.01
    for name in gradient loss weights; do valid "$name of vanishing" "$work/pictures/${name}_30.svg"; done
    refuse "vanishing: too short" "2 steps" "$examples/vanishing" --steps 1
}

# Percentiles rise, and a histogram is drawn; models of both kinds of input are loaded.
stream_latency() {
    program=$examples/stream_latency
    check "stream_latency" "$program" --units 8 --layers 2 --steps 2000 --seconds 0.05 --svg "$work/latency.svg"
    cp "$work/out" "$work/printed"
    check "its percentiles rise" awk '/^(full rate|audio pace)/ { if (!($4 > 0 && $4 <= $5 && $5 <= $6 && $6 <= $7)) exit 1; n++ }
        END { exit n != 2 }' "$work/printed"
    check "bytes of a stream" grep -Eq '^[0-9]+ bytes a stream, [0-9]+ bytes of model' "$work/printed"
    valid "its histogram" "$work/latency.svg"
    check "many streams" "$program" --cell gru --units 8 --input 3 --streams 40 --steps 200 --seconds 0
    cp "$work/out" "$work/printed"
    check "their workspace" grep -q 'bytes of workspace' "$work/printed"
    check "a loaded model of values" "$program" --load "$work/total.safetensors" --steps 100 --seconds 0
    check "a loaded model of ids" "$program" --load "$work/words.safetensors" --steps 100 --seconds 0 --streams 3
    refuse "no model" nothing "$program" --load "$work/nothing.safetensors"
    refuse "no steps" "--steps" "$program" --steps 0
    refuse "a picture that has no place" "no/such" "$program" --steps 10 --seconds 0 --svg "$work/no/such.svg"
}

bench() {
    program=$BUILD/tests/bench/rnn_bench
    [ -x "$program" ] || return 0
    check "rnn_bench lists its work" "$program" --list
    for spec in \
        '{"kind": "train", "cell": "rnn", "vocab": 20, "embed": 4, "hidden": [4], "steps": 5, "batch": 3, "head": "last", "classes": 1, "loss": "bce", "optimizer": "rmsprop", "threads": [1, 2]}' \
        '{"kind": "train", "cell": "lstm", "vocab": 20, "embed": 4, "hidden": [4, 4], "steps": 5, "batch": 3, "head": "all", "classes": 20, "loss": "ce", "optimizer": "adam", "threads": [1]}' \
        '{"kind": "train", "cell": "lstm", "vocab": 20, "embed": 4, "hidden": [4], "bidirectional": true, "steps": 5, "batch": 3, "head": "all", "classes": 3, "loss": "ce", "optimizer": "sgd", "threads": [1]}' \
        '{"kind": "train", "cell": "gru", "input": 3, "hidden": [4], "steps": 5, "batch": 3, "head": "last", "classes": 1, "loss": "mse", "optimizer": "rmsprop", "threads": [1]}' \
        '{"kind": "train", "cell": "lstm", "input": 3, "hidden": [4], "steps": 5, "batch": 3, "head": "none", "threads": [1]}' \
        '{"kind": "infer", "cell": "gru", "input": 3, "hidden": [4], "steps": 5, "batch": 3, "head": "none", "threads": [1]}' \
        '{"kind": "infer", "cell": "rnn", "vocab": 20, "embed": 4, "hidden": [4], "steps": 5, "batch": 1, "head": "last", "classes": 1, "threads": [1]}' \
        '{"kind": "stream", "cell": "lstm", "vocab": 20, "embed": 4, "hidden": [4, 4], "head": "all", "classes": 20, "threads": [1]}' \
        '{"kind": "stream", "cell": "gru", "input": 3, "hidden": [4], "head": "none", "threads": [1]}'; do
        check "rnn_bench $spec" "$program" --workload x --threads 1 --seconds 0.01 --spec "$spec"
        cp "$work/out" "$work/printed"
        check "rnn_bench answers in JSON" grep -q '^{.*"ms_median": [0-9]' "$work/printed"
    done
}

readme
hello
short_programs
demos
classify_words
reports
classify_ids
quantize
classify_errors
own_reviews
vanishing
stream_latency
bench
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
