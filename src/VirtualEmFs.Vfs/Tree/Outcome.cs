namespace VirtualEmFs.Vfs.Tree;

/// <summary>A value, or the status that stands in its place.</summary>
internal readonly struct Outcome<T>
{
    private readonly T _value;

    private Outcome(T value, VfsStatus status) => (_value, Status) = (value, status);

    public VfsStatus Status { get; }

    public T Value => Status == VfsStatus.Ok ? _value : throw new InvalidOperationException($"no value: {Status}");

    public static implicit operator Outcome<T>(T value) => new(value, VfsStatus.Ok);

    public static implicit operator Outcome<T>(VfsStatus status) => new(default!, status);

    /// <summary>A value whose type allows no conversion (an interface).</summary>
    public static Outcome<T> Of(T value) => new(value, VfsStatus.Ok);

    public void Answer(IReply<T> reply)
    {
        if (Status == VfsStatus.Ok)
        {
            reply.Ok(_value);
        }
        else
        {
            reply.Fail(Status);
        }
    }
}
