namespace VirtualEmFs.Frames.Mrc;

/// <summary>What a virtual file's header calls its third axis.</summary>
public enum MrcView
{
    /// <summary>What the archive itself says.</summary>
    Natural,

    /// <summary>A stack of images, whatever the archive says (the alias <c>X.mrcs</c> of a volume).</summary>
    Stack,

    /// <summary>A volume, whatever the archive says (the alias <c>X.mrc</c> of a stack).</summary>
    Volume,
}
