using Xunit.v3;

// They wait for processes more than they compute: two for each of the two cores that CI has.
[assembly: Parallelization(MaxThreads = 4)]
