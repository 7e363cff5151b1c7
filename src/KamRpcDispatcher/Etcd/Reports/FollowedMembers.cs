namespace KamRpcDispatcher.Etcd.Reports;

/// <summary>
/// Which state of the members' keys a proxy goes by, whether it is in force yet or not. Keys are followed in the order of their changes: of
/// two states that hold the same newest record and as many records none lacks anything that the other has.
/// </summary>
/// <param name="Revision">The store's revision that it takes in.</param>
/// <param name="Records">How many records there are then, those that cannot be used too.</param>
public sealed record FollowedMembers(long Revision, int Records);
