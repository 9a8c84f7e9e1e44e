namespace VirtualEmFs.Frames.Mrc;

/// <summary>What a program concludes from the extension of an MRC file's name.</summary>
public enum MrcNameHint
{
    /// <summary>The extension says nothing about the third axis (<c>.mrc</c>).</summary>
    None,

    /// <summary>Sections are separate images: <c>.mrcs .st .ali .preali</c>.</summary>
    Stack,

    /// <summary>Sections form a volume: <c>.map .ccp4 .rec</c>.</summary>
    Volume,
}

/// <summary>The one list of names under which programs keep MRC files, compared without regard to case.</summary>
/// <remarks>A name alone never decides: the bytes must be an exact MRC file.</remarks>
public static class MrcNames
{
    private static readonly (string Extension, MrcNameHint Hint)[] s_extensions =
    [
        (".mrc", MrcNameHint.None),
        (".mrcs", MrcNameHint.Stack),
        (".map", MrcNameHint.Volume),
        (".ccp4", MrcNameHint.Volume),
        (".st", MrcNameHint.Stack),
        (".rec", MrcNameHint.Volume),
        (".ali", MrcNameHint.Stack),
        (".preali", MrcNameHint.Stack),
    ];

    /// <summary>The extensions, with their dots, in lower case.</summary>
    public static IEnumerable<string> Extensions => s_extensions.Select(known => known.Extension);

    /// <summary>True for a file name (or path) that ends in an MRC extension after at least one character of its own.</summary>
    public static bool IsMrcName(ReadOnlySpan<char> name) => TryFind(name, out _);

    /// <summary>What the extension says about the third axis; <see cref="MrcNameHint.None"/> for other names too.</summary>
    public static MrcNameHint HintOf(ReadOnlySpan<char> name) => TryFind(name, out var hint) ? hint : MrcNameHint.None;

    private static bool TryFind(ReadOnlySpan<char> name, out MrcNameHint hint)
    {
        name = name[(name.LastIndexOf('/') + 1)..];
        foreach (var known in s_extensions)
        {
            if (name.Length > known.Extension.Length && name.EndsWith(known.Extension, StringComparison.OrdinalIgnoreCase))
            {
                hint = known.Hint;
                return true;
            }
        }

        hint = MrcNameHint.None;
        return false;
    }
}
