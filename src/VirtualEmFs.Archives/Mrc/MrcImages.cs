using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Archives.Mrc;

/// <summary>What the third axis of an MRC file is taken for, by hand.</summary>
public enum MrcThirdAxis
{
    /// <summary>Decided by name and header.</summary>
    Automatic,
    Sections,
    Volume,

    /// <summary>As <see cref="Automatic"/>, but several volumes are one, of all their sections: the archive then reads as one file.</summary>
    OneFile,
}

/// <summary>How an MRC file's sections become images: one image for each, or volumes of several.</summary>
/// <param name="Count">Images of the archive.</param>
/// <param name="SectionsPerVolume">Sections of each volume; 0 when each section is a 2-D image.</param>
public readonly record struct MrcImages(int Count, int SectionsPerVolume)
{
    // MRC2014: 401–630 is a stack of volumes of space group ISPG − 400.
    private const int FirstVolumeStack = 401, LastVolumeStack = 630;

    /// <summary>True when the images are volumes.</summary>
    public bool AreVolumes => SectionsPerVolume > 0;

    /// <summary>Sections of one image.</summary>
    public int SectionsPerImage => Math.Max(1, SectionsPerVolume);

    /// <summary>Decides by name and header; where they contradict each other, sections: an image misread as a volume would share its limits.</summary>
    /// <param name="name">The file's name: extensions say what programs take it for.</param>
    public static MrcImages Of(MrcHeader header, ReadOnlySpan<char> name, MrcThirdAxis choice)
    {
        int nz = header.Nz, mz = header.Sampling.Z;
        if (nz > 1 && choice is MrcThirdAxis.Sections or MrcThirdAxis.Volume)
        {
            return choice == MrcThirdAxis.Volume ? new MrcImages(1, nz) : new MrcImages(nz, 0);
        }

        if (nz == 1 || MrcNames.HintOf(name) == MrcNameHint.Stack || header.SpaceGroup < 1 || mz == 1)
        {
            return new MrcImages(nz, 0);
        }

        if (choice == MrcThirdAxis.OneFile || header.SpaceGroup is < FirstVolumeStack or > LastVolumeStack)
        {
            return new MrcImages(1, nz);
        }

        return mz > 1 && nz % mz == 0 ? new MrcImages(nz / mz, mz) : new MrcImages(nz, 0);
    }
}
