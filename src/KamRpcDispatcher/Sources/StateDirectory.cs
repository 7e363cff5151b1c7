using System.Globalization;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Sources;

/// <summary>Where the last good membership is kept: in a place that outlives Kamailio and the machine's start, as that is what it is for.</summary>
internal static class StateDirectory
{
    private const string System = "/var/lib/kamrpc";

    /// <summary>What is emptied at a start of the machine, or by cleaners.</summary>
    private static readonly string[] Fleeting = ["/run", "/tmp", "/dev/shm"];

    /// <summary>
    /// systemd's; root's; this user's own below his home, unless that goes too: Debian's user kamailio has <c>/run/kamailio</c>, which systemd
    /// removes when Kamailio stops.
    /// </summary>
    public static string Default(Func<string, string?> variable, string home)
    {
        if (variable("STATE_DIRECTORY")?.Split(':') is [{ Length: > 0 } given, ..])
        {
            return given;
        }

        if (Environment.IsPrivilegedProcess)
        {
            return System;
        }

        if (variable("XDG_STATE_HOME") is ['/', ..] state)
        {
            return Path.Combine(state, "kamrpc");
        }

        var user = LibC.EffectiveUser();
        return home is ['/', _, ..] && FleetingPlaceOf(home) is null && FileStatus.Of(home)?.User == user ? Path.Combine(home, ".local", "state", "kamrpc")
            : FileStatus.Of(System)?.User == user ? System
            : Path.Combine("/var/tmp", string.Create(CultureInfo.InvariantCulture, $"kamrpc-{user}"));
    }

    /// <summary>What takes a directory away that is kept there: null for nothing known.</summary>
    /// <param name="directory">The directory, there or not.</param>
    /// <param name="kamailioSocket">Kamailio's socket, whose directory goes with Kamailio.</param>
    public static string? FleetingPlaceOf(string directory, string? kamailioSocket = null)
    {
        var path = LibC.RealPath(Path.GetFullPath(directory));
        var places = kamailioSocket is null ? Fleeting : Fleeting.Append(LibC.RealPath(Path.GetDirectoryName(Path.GetFullPath(kamailioSocket))!));
        return places.FirstOrDefault(place => path == place || path.StartsWith(place + "/", StringComparison.Ordinal));
    }
}
