using NUnit.Framework;

namespace KamRpcDispatcher.Tests;

/// <summary>Servers of this process answer within fractions of a second, also while tests beside them keep threads waiting: the pool makes one more each half second only.</summary>
[SetUpFixture]
public sealed class EnoughThreads
{
    private const int Threads = 32;

    [OneTimeSetUp]
    public void MakeThem() => Assert.That(ThreadPool.SetMinThreads(Threads, Threads));
}
