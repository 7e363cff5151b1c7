using System.CommandLine;
using System.CommandLine.Help;
using KamRpcDispatcher.Cli;

StandardStreams.Mend();
if (AddressSpace.WhyNot() is { } tooLittle)
{
    Console.Error.WriteLine(tooLittle);
    return ExitCode.NotDone;
}

LastResort.Install();
return await LastResort.RunAsync(async () =>
{
    var commands = new Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>>();
    var root = new RootCommand("Keeps Kamailio's dispatcher sets equal to the SIP servers announced in etcd.");
    AnnounceCommand.AddTo(root, commands);
    DispatchCommand.AddTo(root, commands);
    StatusCommand.AddTo(root, commands);
    ConfirmCommand.AddTo(root, commands);
    DoctorCommand.AddTo(root, commands);
    CfgCommand.AddTo(root, commands);

    var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = ResponseFile.TryRead });
    if (parsed.Action is HelpAction or { Terminating: true, ClearsParseErrors: true })
    {
        // Its own handler would show a stack.
        return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    if (!commands.TryGetValue(parsed.CommandResult.Command, out var run))
    {
        return Usage.Report(parsed.Errors.Select(static error => error.Message), parsed.CommandResult.Command);
    }

    using var stop = new StopSignal();
    return await run(new OptionReader(parsed), stop.Token);
});
