using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Doctor.Config;

namespace KamRpcDispatcher.Doctor.Observations.Configured;

/// <summary>Tells the value of a module's parameter: Kamailio itself (6.1 and later), else its configuration, else the module's default.</summary>
/// <param name="client">Calls Kamailio.</param>
/// <param name="config">Its configuration.</param>
/// <param name="version">Its release, as far as it is known.</param>
internal sealed class ParameterSource(IRpcClient client, Observed<KamailioConfig> config, KamailioVersion? version)
{
    /// <param name="module">The module.</param>
    /// <param name="name">The parameter.</param>
    /// <param name="otherwise">What the releases that are known have by default.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="unit">What the module multiplies it by when it starts: Kamailio tells the product.</param>
    public async Task<Observed<Parameter>> ReadAsync(string module, string name, int otherwise, CancellationToken cancellationToken, int unit = 1)
    {
        try
        {
            if (version is not { TellsParameters: false } && await client.GetModuleParameterAsync(module, name, cancellationToken).ConfigureAwait(false) is { } told)
            {
                return new Parameter(told / unit, "modparam.getn");
            }
        }
        catch (KamailioRpcException)
        {
            // Its configuration may tell.
        }

        if (!config.Try(out var read, out var trouble))
        {
            return Observed<Parameter>.Not(trouble);
        }

        return read.Of(module, name).LastOrDefault() switch
        {
            null when version is { IsKnown: true } => new Parameter(otherwise, $"the default, {read.Files[0]} does not set it"),
            null => Observed<Parameter>.Not($"{read.Files[0]} does not set it, and the default of this release is not known"),
            { IsCertain: false } line => Observed<Parameter>.Not($"{line.Place} depends on an expression that only Kamailio evaluates"),
            { Number: { } number } line => new Parameter(number, line.Place),
            var line => Observed<Parameter>.Not($"{line.Place} sets it to {line.Value}"),
        };
    }
}
