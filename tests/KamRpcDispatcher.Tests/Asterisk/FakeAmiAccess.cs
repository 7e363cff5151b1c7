using KamRpcDispatcher.Asterisk;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.Tests.Asterisk;

/// <summary>How a <see cref="FakeAmi"/> is reached.</summary>
internal static class FakeAmiAccess
{
    public static AmiCredentials Credentials { get; } = new(FakeAmi.User, FakeAmi.Secret);

    public static AmiAddress AddressOf(FakeAmi asterisk) => AmiAddress.TryParse(asterisk.Endpoint, out var address, out var error) ? address : throw new FormatException(error);
}
