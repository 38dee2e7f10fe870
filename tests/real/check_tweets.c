/* SPDX-License-Identifier: MIT */
#include "classify.h"

/* The tweets of TweetEval with three moods, negative, neutral and positive: bidirectional LSTM(64) over
 * Embedding(64) with dropout 0.3, 20,000 words, Adam. A seventh of the training tweets is negative, of the
 * test's a third, and macro recall asks for each class alike. Published for the benchmark's own LSTM: 0.583.
 *
 * How the settings were chosen: by the mean recall on the validation file over seeds 1, 2 and 3, each network
 * trained on the training file. First, of twelve settings written down beforehand (plain; class weights; with
 * them text cleaning, dropping words, recurrent dropout, in several combinations; batches of 128; half the
 * rate) class weights with cleaning had the most, 0.713 (plain: 0.708); they gave 0.5821 on the test file.
 * Then, of four more written down (with them the largest or the mean of all steps in place of the last, with
 * and without dropping words) the largest had 0.720, and gives 0.5860 on the test file, which was looked at
 * these two times. The weights are those of the epoch with the highest validation recall; training ends after
 * two epochs without a higher one.
 *
 * Seeds differ by 0.012 (standard deviation of nine), so a mean of three is known to 0.007 only: with other
 * last bits of sigmoid and tanh, and the same settings, it was 0.5868 and 0.5812. Nine seeds gave 0.5837 and
 * 0.5833 with these, so nine it is. */
TEST(moods_of_tweets)
{
    check_mean_of(9,
                  "--train %tweets_sentiment/train.tsv --validation %tweets_sentiment/val.tsv "
                  "--test %tweets_sentiment/test.tsv",
                  "--cell lstm --bidirectional --pool max --embed 64 --units 64 --dropout 0.3 "
                  "--balance weights --clean --max-words 20000 --optimizer adam --lr 0.001 --batch 32 "
                  "--monitor recall --early-stop 2 --epochs 8",
                  (figures_t){ .recall = 0.583 });
}

TEST_MAIN
