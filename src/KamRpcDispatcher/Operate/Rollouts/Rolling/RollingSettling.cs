using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;

namespace KamRpcDispatcher.Operate.Rollouts.Rolling;

/// <summary>What becomes of the members of a rolling restart whose drains are not its any more. It is pure.</summary>
internal static class RollingSettling
{
    private const string Unreadable = "its intent cannot be read any more";

    /// <summary>The record written anew, where somebody else has taken a drain back or over; null where nobody has.</summary>
    public static RollingMove? Next(Rollout rollout, RollingRestart restart, OperatorView view)
    {
        var (told, pause) = (new List<string>(), (string?)null);
        foreach (var member in restart.Drained.ToList())
        {
            var (stored, name) = (view.StoredOf(new MemberKey(rollout.Set, member.Name)), SafeText.Shorten(member.Name, MemberValidation.MaxNameLength));
            if (RollingPlanner.IsOurs(rollout, stored))
            {
                continue;
            }

            if (stored is { Error: not null } && member.Stage == RollingStage.Drained)
            {
                pause = $"the intent of {name} cannot be read any more, and so it is not known to be drained; 'kamrpc resume {name}' deletes it, and going on drains it again";
                restart = restart.With([member.Name], RollingStage.Waiting);
            }
            else if (stored is { Error: not null } or { Intent.IsDrained: true })
            {
                var why = stored.Intent is { } intent ? DrainedBy(intent) : Unreadable;
                told.Add(member.Stage == RollingStage.Ran ? $"{name} was restarted, and is left as it is: {why}" : $"{name} is left as it is: {why}");
                restart = Left(restart, member, why);
            }
            else if (member.Stage == RollingStage.Ran)
            {
                restart = restart.With([member.Name], RollingStage.Resumed);
                told.Add($"{name} was resumed by somebody else");
            }
            else
            {
                pause = $"{name} was resumed by somebody else before its command had ended well; going on drains it again";
                restart = restart.With([member.Name], RollingStage.Waiting);
            }
        }

        return told.Count == 0 && pause is null ? null : new RollingMove(RollingMoveKind.Settle, [], restart) { Told = told, Pause = pause };
    }

    /// <summary>How far everybody is when the rollout is aborted, and these drains are taken back with it: nobody is drained by it any more, and only whose command had ended well was restarted.</summary>
    public static RollingRestart Aborted(RollingRestart restart, IReadOnlyCollection<string> resumed, Rollout rollout, OperatorView view)
    {
        foreach (var member in restart.Drained.ToList())
        {
            var intent = view.StoredOf(new MemberKey(rollout.Set, member.Name))?.Intent;
            restart = !resumed.Contains(member.Name) ? Left(restart, member, intent is { IsDrained: true } ? DrainedBy(intent) : "its drain was not the rollout's any more")
                : member.Stage == RollingStage.Ran ? restart.With([member.Name], RollingStage.Resumed)
                : restart.With([member.Name], RollingStage.Skipped, "aborted before its command had ended well");
        }

        return restart;
    }

    /// <summary>Whose drain it is, in words that are safe to print.</summary>
    public static string DrainedBy(Intent intent) =>
        SafeText.Shorten($"drained{(intent.By.Length > 0 ? " by " + intent.By : string.Empty)}{(intent.Reason is { } reason ? $" ({reason})" : string.Empty)}: that drain stays", MemberValidation.MaxReasonLength / 2);

    /// <summary>One whose command has ended well was restarted, whoever has it drained since.</summary>
    private static RollingRestart Left(RollingRestart restart, RollingMember member, string why) =>
        member.Stage == RollingStage.Ran ? restart.With([member.Name], RollingStage.Done, $"restarted; {why}") : restart.With([member.Name], RollingStage.Skipped, why);
}
