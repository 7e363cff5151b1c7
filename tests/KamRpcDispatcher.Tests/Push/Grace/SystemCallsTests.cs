using System.Runtime.InteropServices;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Processes.Views;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Grace;

/// <summary>Lines of <c>/proc/PID/syscall</c> as Kamailio 5.6.3 on Linux 6.18 gave them; those of arm64 with its numbers.</summary>
public class SystemCallsTests
{
    private const string StackAndPlace = "0x7ffc9e494a18 0x7f70b20aa9e3";

    [TestCase("202 0x7f70ad6c9db4 0x0 0x2 0x0 0x0 0x0 0x7ffc9e493da8 0x7f70b20a1829", KernelWait.Futex, TestName = "a lock")]
    [TestCase("7 0x7ffc9e494b00 0x1 0x1388 0x0 0x0 0x0 0x7ffc9e494a18 0x7f70b26c9230", KernelWait.PollOnStack, TestName = "poll of a resolver: its array is on the stack")]
    [TestCase("271 0x7ffc9e494b00 0x1 0x7ffc9e494a90 0x0 0x8 0x0 0x7ffc9e494a18 0x7f70b26c9230", KernelWait.PollOnStack, TestName = "ppoll with an array on the stack")]
    [TestCase("7 0x7f75d1eddb30 0x1 0x7d0 0x1fd 0x5563bb72ed90 0x1 0x7ffd4468b608 0x7f75d26c9230", KernelWait.Poll, TestName = "poll of a TCP receiver's loop: its array is not")]
    [TestCase("232 0x7 0x7f70b18b0878 0x1 0x7d0 0x55baf4271df0 0x0 0x7ffc9e4949f8 0x7f70b20a8ef3", KernelWait.Epoll, TestName = "epoll_wait")]
    [TestCase("34 0x55baf43a1004 0x4 0x0 0x7f70ad6d0020 0x7f70ad6ce8e8 0x7f70ad6ce8e8 0x7ffc9e494e38 0x7f70b2073dd0", KernelWait.Pause, TestName = "pause")]
    [TestCase("128 0x55baf455fc60 0x0 0x0 0x8 0x1 0x7f70ad445080 0x7ffc9e494d50 0x7f70b1fdcc2f", KernelWait.Pause, TestName = "rt_sigtimedwait")]
    [TestCase("270 0x0 0x0 0x0 0x0 0x7ffc9e494ce0 0x0 0x7ffc9e494cd0 0x7f70b209e954", KernelWait.SelectNothing, TestName = "sleep_us is pselect6 without descriptors")]
    [TestCase("270 0x7 0x7ffc9e492e20 0x0 0x0 0x0 0x0 0x7ffc9e492cc0 0x7f70b209e954", KernelWait.Select, TestName = "pselect6 on descriptors")]
    [TestCase("230 0x0 0x0 0x7ffc9e4935d0 0x7ffc9e4935d0 0x54e0 0x7f70b17a1b50 0x7ffc9e4935b8 0x7f70b206f503", KernelWait.Sleep, TestName = "clock_nanosleep")]
    [TestCase("1 0x2 0x7ffc9e4935d0 0x40 0x0 0x0 0x0 0x7ffc9e4935b8 0x7f70b206f503", KernelWait.Other, TestName = "write is nothing: it may be a log line")]
    [TestCase("24 0x0 0x0 0x0 0x0 0x0 0x0 0x7ffc9e4935b8 0x7f70b206f503", KernelWait.Other, TestName = "sched_yield is nothing: it may be a lock")]
    [TestCase("running", KernelWait.Other, TestName = "a process that runs")]
    [TestCase("-1 0x7ffc9e4935b8 0x7f70b206f503", KernelWait.Other, TestName = "a process that is stopped outside a call")]
    [TestCase("", KernelWait.Other, TestName = "an empty line")]
    public void Calls_are_known_on_x64(string line, object expected) =>
        Assert.That(SystemCalls.Read(line, Architecture.X64), Is.EqualTo(new SystemCall((KernelWait)expected, DescriptorUse.None, SystemCalls.Read(line, Architecture.X64).Descriptor)));

    [TestCase("45 0x9 0x55baf455fde0 0xffff 0x0 0x7f70b184e370 0x7ffc9e494a7c " + StackAndPlace, DescriptorUse.Receive, TestName = "recvfrom")]
    [TestCase("47 0x9 0x7ffc9e494a7c 0x0 0x0 0x0 0x0 " + StackAndPlace, DescriptorUse.Receive, TestName = "recvmsg")]
    [TestCase("0 0x9 0x55bb177d8ca0 0x1000 0x1000 0xc00 0x55baf4584600 " + StackAndPlace, DescriptorUse.Read, TestName = "read")]
    [TestCase("44 0x9 0x55bb177d8ca0 0x200 0x0 0x7ffc9e494a7c 0x10 " + StackAndPlace, DescriptorUse.Send, TestName = "sendto")]
    public void What_is_waited_for_depends_on_the_descriptor(string line, object use) =>
        Assert.That(SystemCalls.Read(line, Architecture.X64), Is.EqualTo(new SystemCall(KernelWait.Other, (DescriptorUse)use, 9)));

    [TestCase("98 0xffff8a6c9db4 0x0 0x2 0x0 0x0 0x0", KernelWait.Futex, TestName = "arm64: a lock")]
    [TestCase("73 0x0 0x0 0x0 0x0 0x0 0x0", KernelWait.Pause, TestName = "arm64: pause is ppoll without descriptors")]
    [TestCase("73 0xffffe2d40b00 0x1 0xffffe2d40a90 0x0 0x0 0x0", KernelWait.PollOnStack, TestName = "arm64: poll of a resolver")]
    [TestCase("73 0xaaaae2d40b00 0x1 0xffffe2d40a90 0x0 0x0 0x0", KernelWait.Poll, TestName = "arm64: poll of a loop")]
    [TestCase("22 0x7 0xffff8a8b0878 0x1 0x7d0 0x0 0x0", KernelWait.Epoll, TestName = "arm64: epoll_pwait")]
    [TestCase("72 0x0 0x0 0x0 0x0 0xffffe2d40a90 0x0", KernelWait.SelectNothing, TestName = "arm64: sleep_us")]
    [TestCase("72 0x7 0xffffe2d40a90 0x0 0x0 0x0 0x0", KernelWait.Select, TestName = "arm64: pselect6")]
    [TestCase("137 0xaaaae2d40b00 0x0 0x0 0x8 0x1 0x0", KernelWait.Pause, TestName = "arm64: rt_sigtimedwait")]
    [TestCase("115 0x0 0x0 0xffffe2d40a90 0xffffe2d40a90 0x0 0x0", KernelWait.Sleep, TestName = "arm64: clock_nanosleep")]
    [TestCase("202 0x5 0x0 0x0 0x0 0x0 0x0", KernelWait.Accept, TestName = "arm64: accept, which is a lock on x64")]
    public void Calls_are_known_on_arm64(string line, object expected) =>
        Assert.That(SystemCalls.Read(line + " 0xffffe2d40a00 0xffff8b0aa9e3", Architecture.Arm64).Wait, Is.EqualTo((KernelWait)expected));

    [Test]
    public void On_another_architecture_nothing_is_known() =>
        Assert.That(SystemCalls.Read("232 0x7 0x7f70b18b0878 0x1 0x7d0 0x55baf4271df0 0x0 " + StackAndPlace, Architecture.S390x), Is.EqualTo(default(SystemCall) with { Descriptor = 7 }));
}
