/* SPDX-License-Identifier: MIT */
#include "classify.h"

/* The tweets of TweetEval with three moods, negative, neutral and positive: bidirectional LSTM(64) over
 * Embedding(64) with dropout 0.3, 20,000 words, Adam. A seventh of the training tweets is negative, of the
 * test's a third, and macro recall asks for each class alike. Published for the benchmark's own LSTM: 0.583.
 *
 * How the settings were chosen: of twelve that were written down beforehand (plain; class weights; with them
 * text cleaning, dropping words, recurrent dropout, in several combinations; batches of 128; half the rate),
 * each trained on the training file with seeds 1, 2 and 3, these have the highest mean recall on the
 * validation file, 0.713 (plain: 0.708). The weights are those of the epoch with the highest validation recall; training
 * ends after two epochs without a higher one. The test file was looked at once, afterwards: 0.5821 (0.5824,
 * 0.5837 and 0.5801), so that this check fails by 0.0009. Choosing by the test file would pass it, and mean
 * nothing. */
TEST(moods_of_tweets)
{
    check_mean("--train %tweets_sentiment/train.tsv --validation %tweets_sentiment/val.tsv "
               "--test %tweets_sentiment/test.tsv",
               "--cell lstm --bidirectional --embed 64 --units 64 --dropout 0.3 --balance weights --clean "
               "--max-words 20000 --optimizer adam --lr 0.001 --batch 32 --monitor recall --early-stop 2 "
               "--epochs 8",
               (figures_t){ .recall = 0.583 });
}

TEST_MAIN
