using System.Globalization;
using System.Text;

namespace KamRpcDispatcher.Probe.Sip;

/// <summary>What an answer says of the server.</summary>
internal static class SipVerdict
{
    /// <summary>Whoever answers may say anything; it stands in the log, in etcd and on screens.</summary>
    private const int LongestPhrase = 128;

    private static readonly ProbeOutcome Ok = ProbeOutcome.Alive("200 OK");

    /// <returns>The status, 0 when the message does not answer the request with this branch, and the outcome when the answer is final.</returns>
    public static (int Status, ProbeOutcome? Outcome) Of(SipMessage message, ReadOnlySpan<byte> branch, SipStatusCodes alive) =>
        !message.Answers(branch) ? default
        : message.Status < 200 ? (message.Status, null)
        : (message.Status, Final(message.Status, message.Phrase, alive));

    private static ProbeOutcome Final(int status, ReadOnlySpan<byte> phrase, SipStatusCodes alive)
    {
        if (!alive.Contains(status))
        {
            var answered = "answered " + Text(status, phrase);
            return status == SipStatusCodes.ServiceUnavailable ? ProbeOutcome.Leaving(answered) : ProbeOutcome.Dead(answered, DeathSign.Answer);
        }

        // The same again and again, as long as all is well.
        return status == 200 && phrase.SequenceEqual("OK"u8) ? Ok : ProbeOutcome.Alive(Text(status, phrase));
    }

    private static string Text(int status, ReadOnlySpan<byte> phrase) =>
        string.Create(CultureInfo.InvariantCulture, $"{status} {Encoding.UTF8.GetString(phrase.Length > LongestPhrase ? phrase[..LongestPhrase] : phrase)}{(phrase.Length > LongestPhrase ? "..." : null)}").TrimEnd();
}
