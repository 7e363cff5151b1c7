using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Sources.Origins;

/// <summary>
/// One place that members come from. It tells whole memberships, each with a revision that grows with every change, and of who went what kind of going that was: see
/// <see cref="Membership.Expired"/> and <see cref="Membership.Left"/>. That it cannot be read is no going: then <see cref="IMembershipSource.Current"/> stays as it is, and
/// <see cref="Away"/> says why.
/// </summary>
internal interface IMemberOrigin : IMembershipSource
{
    /// <summary>Since when it cannot be read, and why; null while it can.</summary>
    StoreOutage? Away { get; }

    /// <summary>How long ago it gave a sign of life; null for never.</summary>
    TimeSpan? HeardAgo { get; }

    /// <summary>Takes a membership of before as what was known last, of an earlier daemon. Only before <see cref="IMembershipSource.RunAsync"/>.</summary>
    void Seed(Membership before);

    /// <summary>
    /// Takes members that a proxy's list shows, as getting calls, as known before too: who of them is missing went while nobody watched. Only once there is a
    /// <see cref="IMembershipSource.Current"/>.
    /// </summary>
    /// <returns>Whether the membership is another one now.</returns>
    bool SeedListed(IReadOnlyList<Member> listed);
}
