using System.Diagnostics.CodeAnalysis;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>Something that was looked at, or why it could not be.</summary>
internal sealed record Seen<T>
    where T : notnull
{
    private readonly T? _value;
    private readonly Trouble? _trouble;

    private Seen(T? value, Trouble? trouble) => (_value, _trouble) = (value, trouble);

    public static implicit operator Seen<T>(T value) => new(value, null);

    /// <summary>As the conversion, for what C# does not convert: interfaces.</summary>
    public static Seen<T> Of(T value) => new(value, null);

    public static Seen<T> Not(Trouble trouble) => new(default, trouble);

    public bool Try([NotNullWhen(true)] out T? value, [NotNullWhen(false)] out Trouble? trouble)
    {
        (value, trouble) = (_value, _trouble);
        return trouble is null;
    }
}
