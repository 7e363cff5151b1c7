using System.Runtime.InteropServices;
using System.Text;
using KamRpcDispatcher.Cli.Host;
using KamRpcDispatcher.Cli.Output;

namespace KamRpcDispatcher.Cli.Status.Screen;

/// <summary>A terminal's screen that is drawn over, line by line, so that it does not flicker. What stood there before is back in the end.</summary>
internal sealed class WatchScreen : IWatchOutput
{
    /// <summary>The other screen, without a cursor, and without lines that go on in the next one.</summary>
    private const string Enter = "\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J";
    private const string Leave = "\u001b[?7h\u001b[?25h\u001b[?1049l";
    private const string Home = "\u001b[H";
    private const string EraseLine = "\u001b[K";
    private const string EraseBelow = "\u001b[J";
    private const int MostEvents = 8;

    private readonly string _cluster;
    private readonly StatusOptions _options;
    private readonly Lock _drawing = new();
    private readonly PosixSignalRegistration[] _registrations;
    private readonly Queue<StatusEvent> _events = new();
    private string _last = string.Empty;
    private bool _isSuspended;
    private bool _isOver;

    public WatchScreen(string cluster, StatusOptions options)
    {
        (_cluster, _options) = (cluster, options);
        Console.Out.Write(Enter);

        // Ctrl-Z gives the terminal back to the shell, fg takes it again.
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGTSTP, _ => Suspend()), PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => Resume())];
    }

    public void Show(WatchState state, Func<string, bool> changed, DateTimeOffset now)
    {
        lock (_drawing)
        {
            foreach (var news in state.News)
            {
                _events.Enqueue(news);
                if (_events.Count > MostEvents)
                {
                    _events.Dequeue();
                }
            }

            // What erases the rest of a line would erase the last character of a full one.
            var layout = Layout.OfOutput() with { Width = Terminal.Width - 1 };
            var head = Head(state, layout, now);
            _last = head + Body(ScreenForm.Whole);
            if (!_isSuspended && !_isOver)
            {
                Console.Out.Write(Frame(form => head + Body(form), [.. _events.Select(news => $"{WatchOutput.Clock(news.At)} {news.Text}")], layout, Terminal.Height));
            }

            string Body(ScreenForm form) => state.Calls is { } calls ? new StatusScreen(calls, state.Findings, _options, layout, changed, form).ToString() : string.Empty;
        }
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        lock (_drawing)
        {
            _isOver = true;
            try
            {
                // What was seen last stays readable.
                Console.Out.Write((_isSuspended ? string.Empty : Leave) + _last);
            }
            catch (AnswerNotWrittenException)
            {
                // The terminal is gone, and its state with it.
            }
        }
    }

    /// <summary>A whole screen: as many lines of the text as there is room for, and the events at the bottom.</summary>
    /// <param name="text">The text, in the form that is asked for: the first one that fits.</param>
    /// <param name="events">What has changed, a line each.</param>
    /// <param name="layout">How wide, and in which colours.</param>
    /// <param name="height">How many lines there are.</param>
    internal static string Frame(Func<ScreenForm, string> text, IReadOnlyList<string> events, Layout layout, int height)
    {
        List<string> below = events.Count == 0 ? [] : [string.Empty, layout.Palette.Paint("LAST CHANGES", Tone.Heading), .. events.Select(line => line.Length <= layout.Width ? line : line[..(layout.Width - 3)] + "...")];

        // A low window shows the answer rather than the changes.
        below = below.Count > height / 2 ? [.. below.Take(2), .. below.Skip(2).TakeLast(Math.Max(1, (height / 2) - 2))] : below;
        var room = height - below.Count;
        List<string> lines = [];
        foreach (var form in Enum.GetValues<ScreenForm>())
        {
            lines = [.. text(form).TrimEnd('\n').Split('\n')];
            if (lines.Count <= room)
            {
                break;
            }
        }

        if (lines.Count > room)
        {
            var hidden = lines.Count - room + 1;
            lines = [.. lines.Take(room - 1), layout.Palette.Paint(FormattableString.Invariant($"... {hidden} more lines: --set, --proxy, or a higher window"), Tone.Odd)];
        }

        var frame = new StringBuilder(Home);
        frame.AppendJoin(EraseLine + "\n", lines.Concat(below));
        return frame.Append(EraseLine).Append(EraseBelow).ToString();
    }

    private string Head(WatchState state, Layout layout, DateTimeOffset now)
    {
        if (state.BlindSince is { } since)
        {
            var rest = state.Calls is { } calls ? $"; what follows is of {WatchOutput.Clock(calls.Now)}" : string.Empty;
            return layout.Palette.Paint(TextLines.Behind(string.Empty, $"NOTHING SEEN since {WatchOutput.Clock(since)}, {Ages.Show(now - since)} ago: {state.Reason}{rest}", layout.Width).TrimEnd('\n'), Tone.Bad) + "\n\n";
        }

        return $"{WatchOutput.Clock(now)}  cluster {_cluster}{(state.Calls is null ? ": waiting for etcd" : string.Empty)}  (Ctrl-C ends)\n\n";
    }

    private void Suspend()
    {
        lock (_drawing)
        {
            if (!_isSuspended)
            {
                _isSuspended = true;
                Console.Out.Write(Leave);
            }
        }
    }

    private void Resume()
    {
        lock (_drawing)
        {
            if (_isSuspended)
            {
                _isSuspended = false;
                Console.Out.Write(Enter);
            }
        }
    }
}
