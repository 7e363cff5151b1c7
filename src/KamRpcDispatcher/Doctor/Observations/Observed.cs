using System.Diagnostics.CodeAnalysis;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>Something that was observed, or why it could not be.</summary>
internal sealed record Observed<T>
    where T : notnull
{
    private readonly T? _value;
    private readonly Trouble? _trouble;

    private Observed(T? value, Trouble? trouble) => (_value, _trouble) = (value, trouble);

    public static implicit operator Observed<T>(T value) => new(value, null);

    /// <summary>As the conversion, for what C# does not convert: interfaces.</summary>
    public static Observed<T> Of(T value) => new(value, null);

    public static Observed<T> Not(Trouble trouble) => new(default, trouble);

    public bool Try([NotNullWhen(true)] out T? value, [NotNullWhen(false)] out Trouble? trouble)
    {
        (value, trouble) = (_value, _trouble);
        return trouble is null;
    }
}
