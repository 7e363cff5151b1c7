using System.CommandLine;
using KamRpcDispatcher.Cli;
using KamRpcDispatcher.Cli.Commands;
using KamRpcDispatcher.Cli.Dispatch;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Host;
using KamRpcDispatcher.Cli.Host.Reload;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;

if (AddressSpace.WhyNot() is { } tooLittle)
{
    AddressSpace.Tell(tooLittle);
    return ExitCode.NotDone;
}

OwnProgram.Note();
StandardStreams.Mend();
if (NewProgram.Answers(args, VersionLine.Version))
{
    return ExitCode.Done;
}

LastResort.Install();
return await LastResort.RunAsync(async () =>
{
    var line = new CommandLine();
    var parsed = line.Parse(args);
    var run = line.Find(parsed);
    if (parsed.Action is { Terminating: true, ClearsParseErrors: true } && (run is not null || parsed.UnmatchedTokens.Count == 0))
    {
        // Its own handler would show a stack.
        return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    var options = new OptionReader(parsed);
    if (run is null)
    {
        var failed = ErrorAnswer.Begin();
        var usage = options.Fail();
        failed.Tell(usage, OutputOption.In(args));
        return usage;
    }

    foreach (var warning in EnvironmentVariables.Warnings(Environment.GetEnvironmentVariables().Keys.OfType<string>(), line.Root))
    {
        Console.Error.WriteLine(warning);
    }

    var errors = ErrorAnswer.Begin();
    using var stop = new StopSignal();
    var command = parsed.CommandResult.Command as CliCommand;
    if (!options.HasErrors && command is not null && await LocalDispatch.WhyRefusedAsync(command, options, stop.Token) is { } refused)
    {
        Console.Error.WriteLine($"kamrpc: {refused}");
        errors.Tell(ExitCode.Refused, OutputOption.Of(parsed, options));
        return ExitCode.Refused;
    }

    var exitCode = await run(options, stop.Token);
    if (command is not null && await LocalDispatch.HintAsync(command, options, exitCode, stop.Token) is { } hint)
    {
        Console.Error.WriteLine($"kamrpc: {hint}");
    }

    errors.Tell(exitCode, OutputOption.Of(parsed, options));
    return exitCode;
});
