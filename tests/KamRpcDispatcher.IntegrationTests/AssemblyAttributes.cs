using NUnit.Framework;

// Fixtures marked as parallelizable wait most of their time (for leases, time-outs, calls that end), each for servers of its own. All others run alone,
// since they measure, load the machine, or look at all of its processes.
[assembly: LevelOfParallelism(6)]
