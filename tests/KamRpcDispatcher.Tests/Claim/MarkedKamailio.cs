using System.Text.Json;
using KamailioRpc;
using KamailioRpc.Errors;

namespace KamRpcDispatcher.Tests.Claim;

/// <summary>What of a Kamailio daemons leave their marks in. Answers at once, on the caller's thread: with a clock that the test moves nothing is left to chance.</summary>
internal sealed class MarkedKamailio
{
    public Dictionary<string, string> Items { get; } = [];

    public List<string> Calls { get; } = [];

    public bool HasTable { get; set; } = true;

    public bool IsAway { get; set; }

    /// <summary>Whether it has no memory for what is written.</summary>
    public bool IsFull { get; set; }

    public string InstanceToken { get; set; } = "start 1";

    /// <summary>The mark, as it is.</summary>
    public string? Mark => Items.GetValueOrDefault("claim");

    public void Restart()
    {
        Items.Clear();
        InstanceToken += "+";
    }

    public Client Connect() => new(this);

    /// <summary>One daemon's way to it.</summary>
    internal sealed class Client(MarkedKamailio kamailio) : IRpcClient
    {
        public KamailioAddress Address { get; } = KamailioAddress.Parse(KamailioAddress.Default);

        public string InstanceToken => kamailio.InstanceToken;

        /// <summary>Done before a call reaches Kamailio.</summary>
        public Func<string, Task> OnCall { get; set; } = static _ => Task.CompletedTask;

        public async Task<RpcResult> InvokeAsync(string method, IReadOnlyList<object?> arguments, CancellationToken cancellationToken)
        {
            var key = (string)arguments[1]!;
            await OnCall($"{method} {key}").ConfigureAwait(false);
            lock (kamailio.Items)
            {
                return Answer(method, key, arguments);
            }
        }

        public ValueTask DisposeAsync() => default;

        private RpcResult Answer(string method, string key, IReadOnlyList<object?> arguments)
        {
            kamailio.Calls.Add($"{method} {key}");
            if (kamailio.IsAway)
            {
                throw new KamailioTimeoutException(method, TimeSpan.FromSeconds(1));
            }

            if (!kamailio.HasTable)
            {
                throw new KamailioFaultException(method, 500, "No such htable");
            }

            switch (method)
            {
                case "htable.get" when kamailio.Items.TryGetValue(key, out var value):
                    return new RpcResult(JsonSerializer.SerializeToUtf8Bytes(new { item = new { name = key, value } }));
                case "htable.get":
                    throw new KamailioFaultException(method, 500, "Key name doesn't exist in htable.");
                case "htable.sets" when kamailio.IsFull:
                    throw new KamailioFaultException(method, 500, "Failed to set the item");
                case "htable.sets":
                    kamailio.Items[key] = (string)arguments[2]!;
                    break;
                default:
                    kamailio.Items.Remove(key);
                    break;
            }

            return new RpcResult("\"Ok\""u8.ToArray());
        }
    }
}
