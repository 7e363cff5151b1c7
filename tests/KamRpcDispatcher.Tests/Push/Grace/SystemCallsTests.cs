using System.Runtime.InteropServices;
using KamRpcDispatcher.Push.Grace;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Grace;

public class SystemCallsTests
{
    [TestCase(202, KernelWait.Other, TestName = "futex is no rest: it may hold the table")]
    [TestCase(7, KernelWait.Other, TestName = "poll is no rest: it may be resolving a name")]
    [TestCase(271, KernelWait.Other, TestName = "ppoll is no rest")]
    [TestCase(44, KernelWait.Other, TestName = "sendto is no rest")]
    [TestCase(45, KernelWait.Receive, TestName = "recvfrom")]
    [TestCase(232, KernelWait.Epoll, TestName = "epoll_wait")]
    [TestCase(34, KernelWait.Pause, TestName = "pause")]
    [TestCase(128, KernelWait.Pause, TestName = "rt_sigtimedwait")]
    [TestCase(270, KernelWait.Select, TestName = "pselect6")]
    public void Calls_are_known_by_their_number_on_x64(int number, object expected)
    {
        if (RuntimeInformation.OSArchitecture != Architecture.X64)
        {
            Assert.Ignore("the numbers are those of x86-64");
        }

        Assert.That(SystemCalls.Of(number, 0), Is.EqualTo((KernelWait)expected));
    }
}
