/* tool: prints how many numbers standard input holds, their mean and their standard deviation. */

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void print_usage(FILE *to)
{
	fputs("Usage: tool [--help] <NUMBERS\n"
	      "\n"
	      "Print the count, the mean and the standard deviation of the numbers on standard input.\n",
	      to);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option != 'h') {
			print_usage(stderr);
			return 2;
		}
		print_usage(stdout);
		return 0;
	}

	/* Welford's method: one pass, and no large sums to subtract from each other. */
	unsigned long count = 0;
	double number, mean = 0, squares = 0;
	while (scanf("%lf", &number) == 1) {
		double delta = number - mean;
		mean += delta / ++count;
		squares += delta * (number - mean);
	}
	if (!feof(stdin)) {
		fprintf(stderr, "tool: value %lu is not a number\n", count + 1);
		return 1;
	}
	printf("%lu %g %g\n", count, mean, count ? sqrt(squares / count) : 0.0);
	return 0;
}
