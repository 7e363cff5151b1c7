using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using KamRpcDispatcher.Benchmarks;
using KamRpcDispatcher.Benchmarks.Scale;

// "roundtrip": every transport against a real Kamailio, beside a bare socket loop. "probe": what probing costs. "announcer" and
// "dispatcher": what one costs as a native binary, published or given. "page": what open pages cost a dispatcher, a native binary that is
// given. "scale": what a fleet of a size costs. "boot": what the list for Kamailio's starts is worth to one. "proxies": what many proxies are to one etcd. Anything else goes to BenchmarkDotNet.
if (args is ["roundtrip", ..])
{
    return await RoundTrip.RunAsync(args is [_, var calls] ? int.Parse(calls, System.Globalization.CultureInfo.InvariantCulture) : 5000);
}

if (args is ["probe", ..])
{
    return args is [_, "answer"] ? ProbeLoad.Answer() : await ProbeLoad.RunAsync();
}

if (args is ["announcer", ..])
{
    return await AnnouncerCost.RunAsync(args is [_, var binary] ? binary : null);
}

if (args is ["proxies", ..])
{
    return await ManyProxies.RunAsync(args is [_, var proxies] ? int.Parse(proxies, System.Globalization.CultureInfo.InvariantCulture) : 300);
}

if (args is ["dispatcher", ..])
{
    return await DispatcherCost.RunAsync(args is [_, var binary] ? binary : null);
}

if (args is ["page", var dispatcher])
{
    return await PageCost.RunAsync(dispatcher);
}

if (args is ["scale", var members, ..])
{
    return await ScaleBenchmark.RunAsync(int.Parse(members, System.Globalization.CultureInfo.InvariantCulture), args is [_, _, var program] ? program : null);
}

if (args is ["boot", var booted, ..])
{
    return await BootBenchmark.RunAsync(int.Parse(booted, System.Globalization.CultureInfo.InvariantCulture), args is [_, _, var given] ? given : null);
}

// In this process: a project of its own for each run would be built and restored anew.
var config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
BenchmarkSwitcher.FromTypes([typeof(FormatterBenchmarks), typeof(DispatcherListBenchmarks)]).Run(args.Length > 0 ? args : ["--filter", "*"], config);
return 0;
