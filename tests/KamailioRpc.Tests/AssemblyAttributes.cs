using NUnit.Framework;

// Tests marked as parallelizable wait most of their time, each for a peer of its own. All others run alone: many of them give answers a fraction of a second.
[assembly: LevelOfParallelism(4)]
