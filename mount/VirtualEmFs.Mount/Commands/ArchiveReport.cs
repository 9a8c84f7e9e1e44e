using VirtualEmFs.Frames;

namespace VirtualEmFs.Mount.Commands;

/// <summary>What <c>emfs info</c> says about one archive; also the form of its JSON.</summary>
/// <param name="Nz">Images of a stack, or sections of a volume.</param>
/// <param name="PixelSizeAngstrom">Along x, y and z.</param>
/// <param name="Bits">Bits of a stored sample after truncation; null where nothing was truncated.</param>
/// <param name="StoredLengthBytes">What the archive's files take.</param>
/// <param name="VirtualLengthBytes">What programs see.</param>
/// <param name="Damage">Faults known without decoding.</param>
internal sealed record ArchiveReport(
    string File, string Format, string Content, string? AppearsAs, int Nx, int Ny, int Nz, float[] PixelSizeAngstrom, bool PixelSizeAssumed,
    string SampleType, int? Bits, float? RenderMin, float? RenderMax, string Codec, int MrcMode, int? MemberCount,
    long StoredLengthBytes, long VirtualLengthBytes, double Ratio, string[] Damage, string[] Remarks, string? Error)
{
    /// <summary>Lines of a table, in order.</summary>
    public IEnumerable<(string Name, string Value)> Rows()
    {
        if (Error is not null)
        {
            yield return ("error", Error);
            yield break;
        }

        yield return ("format", Format);
        yield return ("content", MemberCount is int members ? $"{members} files of one image or volume each" : Content);
        if (AppearsAs is not null)
        {
            yield return ("appears as", AppearsAs);
        }

        yield return ("shape", Nz == 1 ? $"{Nx} × {Ny}" : $"{Nx} × {Ny} × {Nz}");
        yield return ("pixel size", PixelSizeText());
        yield return ("stored as", Bits is int bits ? $"{SampleType}, {bits} bits" : SampleType);
        if (Bits is not null)
        {
            yield return ("limits", $"{RenderMin:G9} to {RenderMax:G9}");
        }

        yield return ("codec", Codec);
        yield return ("MRC mode", $"{MrcMode}");
        yield return ("stored size", CommandOutput.Length(StoredLengthBytes));
        yield return ("virtual size", $"{CommandOutput.Length(VirtualLengthBytes)} ({Ratio:F2} times as large)");
        foreach (string damage in Damage)
        {
            yield return ("damage", damage);
        }

        foreach (string remark in Remarks)
        {
            yield return ("remark", remark);
        }
    }

    private string PixelSizeText()
    {
        float[] size = PixelSizeAngstrom;
        string text = size[0] == size[1] && size[1] == size[2] ? $"{size[0]:G6} Å" : $"{size[0]:G6} × {size[1]:G6} × {size[2]:G6} Å";
        return PixelSizeAssumed ? $"{text} (assumed: the archive states none that is plausible)" : text;
    }
}
