using NUnit.Framework;

// Tests marked as parallelizable wait most of their time, or start the program and leave the rest to that process. All others run alone: many of
// them give answers a fraction of a second, and some change what the process has only one of (its environment, its children).
[assembly: LevelOfParallelism(4)]
