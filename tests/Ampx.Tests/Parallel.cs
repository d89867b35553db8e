using Xunit.v3;

// They wait for processes more than they compute: five for the two cores that CI has.
[assembly: Parallelization(MaxThreads = 5)]
