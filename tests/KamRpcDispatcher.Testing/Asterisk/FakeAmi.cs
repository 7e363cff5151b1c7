using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KamRpcDispatcher.Testing;

/// <summary>A manager interface on a real socket, which says what a test wants: by default what Asterisk 22.10 says.</summary>
public sealed class FakeAmi : IAsyncDisposable
{
    /// <summary>The only user's name, and his secret, which is not checked.</summary>
    public const string User = "kamrpc";
    public const string Secret = "s3cret";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<string> _requests = new();
    private readonly ChangeSignal _changes = new();
    private readonly List<TcpClient> _clients = [];
    private readonly Task _accepting;

    public FakeAmi()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens: <c>host:port</c>.</summary>
    public string Endpoint => _listener.LocalEndpoint.ToString()!;

    public byte[] Greeting { get; set; } = "Asterisk Call Manager/11.0.0\r\n"u8.ToArray();

    /// <summary>Answers an action in place of what is answered by default; null leaves it to that.</summary>
    public Func<string, string?> Answer { get; set; } = static _ => null;

    /// <summary>What follows a login.</summary>
    public string AfterLogin { get; set; } = "Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n";

    public string CoreStatus { get; set; } = "Response: Success\r\nActionID: #\r\nCoreCurrentCalls: 0\r\nCoreProcessedCalls: 7\r\n\r\n";

    /// <summary>How many channels there are.</summary>
    public int Channels { get; set; } = 1;

    /// <summary>Whether it has res_pjsip_maintenance, as Asterisk 20.20, 22.10 and 23.4 have.</summary>
    public bool KnowsMaintenance { get; set; }

    /// <summary>The endpoints that are in maintenance mode.</summary>
    public ConcurrentDictionary<string, bool> InMaintenance { get; } = new(StringComparer.Ordinal);

    /// <summary>Whole actions, as they came.</summary>
    public IReadOnlyList<string> Requests => [.. _requests];

    public Task WaitForRequestsAsync(string action, int count) => WaitForRequestsAsync(request => Action(request) == action, count);

    /// <summary>Completes when so many of these actions came, each as a whole.</summary>
    public Task WaitForRequestsAsync(Func<string, bool> condition, int count) =>
        _changes.WaitUntilAsync(() => _requests.Count(condition) >= count, Deadline, () => string.Join('\n', _requests));

    /// <summary>To all that are connected.</summary>
    public void Send(string text) => Clients().ForEach(client => client.Client.Send(Encoding.ASCII.GetBytes(text)));

    /// <summary>Ends the connections as a process that is gone does.</summary>
    public void Drop() => Clients().ForEach(static client => client.Dispose());

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        Drop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private List<TcpClient> Clients()
    {
        lock (_clients)
        {
            return [.. _clients];
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync();
            lock (_clients)
            {
                _clients.Add(client);
            }

            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            await client.Client.SendAsync(Greeting);
            using var reader = new StreamReader(client.GetStream());
            var request = new StringBuilder();
            while (await reader.ReadLineAsync() is { } line)
            {
                if (line.Length > 0)
                {
                    request.Append(line).Append('\n');
                    continue;
                }

                var action = request.ToString();
                request.Clear();
                _requests.Enqueue(action);
                var answer = (Answer(Action(action)) ?? (KnowsMaintenance ? OfMaintenance(action) : null) ?? Default(Action(action))).Replace("#", Field(action, "ActionID"), StringComparison.Ordinal);
                await client.Client.SendAsync(Encoding.ASCII.GetBytes(answer));
                _changes.Raise();
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
        {
            // The client, or the test, had enough.
        }
    }

    /// <summary>The event of a change, as Asterisk writes it.</summary>
    public static string MaintenanceEvent(string endpoint, bool isOn, string? actionId = null) =>
        $"Event: PJSIPMaintenanceStatus\r\n{(actionId is null ? "Privilege: system,all" : "ActionID: " + actionId)}\r\nEndpoint: {endpoint}\r\nStatus: {(isOn ? "enabled" : "disabled")}\r\n\r\n";

    private string? OfMaintenance(string request)
    {
        switch (Action(request))
        {
            case "PJSIPSetMaintenance":
                var (endpoint, isOn) = (Field(request, "Endpoint"), Field(request, "State") == "on");
                var isNews = isOn ? InMaintenance.TryAdd(endpoint, true) : InMaintenance.TryRemove(endpoint, out _);
                return (isNews ? MaintenanceEvent(endpoint, isOn) : "") + "Response: Success\r\nActionID: #\r\nMessage: Maintenance mode changed\r\n\r\n";
            case "PJSIPShowMaintenance":
                var asked = request.Contains("Endpoint: ", StringComparison.Ordinal) ? Field(request, "Endpoint") : null;
                string[] shown = asked is null ? [.. InMaintenance.Keys] : [asked];
                return "Response: Success\r\nActionID: #\r\nEventList: start\r\nMessage: Maintenance status events follow\r\n\r\n"
                    + string.Concat(shown.Select(name => MaintenanceEvent(name, InMaintenance.ContainsKey(name), "#")))
                    + $"Event: PJSIPMaintenanceStatusComplete\r\nActionID: #\r\nEventList: Complete\r\nListItems: {shown.Length}\r\n\r\n";
            default:
                return null;
        }
    }

    private string Default(string action) => action switch
    {
        "Challenge" => "Response: Success\r\nActionID: #\r\nChallenge: 194062776\r\n\r\n",
        "Login" => "Response: Success\r\nActionID: #\r\nMessage: Authentication accepted\r\n\r\n" + AfterLogin,
        "Ping" => "Response: Success\r\nActionID: #\r\nPing: Pong\r\nTimestamp: 1795547196.388566\r\n\r\n",
        "CoreStatus" => CoreStatus,
        "CoreShowChannels" => "Response: Success\r\nActionID: #\r\nEventList: start\r\nMessage: Channels will follow\r\n\r\n"
            + "Event: CoreShowChannel\r\nActionID: #\r\nChannel: Local/a@calls-00000000;1\r\n\r\n"
            + $"Event: CoreShowChannelsComplete\r\nActionID: #\r\nEventList: Complete\r\nListItems: {Channels}\r\n\r\n",
        _ => "Response: Error\r\nActionID: #\r\nMessage: Invalid/unknown command\r\n\r\n",
    };

    /// <summary>So many calls are up.</summary>
    public void HasCalls(int calls, int channels = 0)
    {
        CoreStatus = $"Response: Success\r\nActionID: #\r\nCoreCurrentCalls: {calls}\r\nCoreProcessedCalls: 7\r\n\r\n";
        Channels = channels;
    }

    private static string Action(string request) => Field(request, "Action");

    private static string Field(string request, string name) =>
        request.Split('\n').First(line => line.StartsWith(name + ": ", StringComparison.Ordinal))[(name.Length + 2)..];
}
