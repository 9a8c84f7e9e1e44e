namespace VirtualEmFs.Archives.Tiff;

/// <summary>Numbers of the tags that are read (TIFF 6.0; EER: spec/relion-tiff-eer.md section 3.1).</summary>
internal static class TiffTag
{
    public const int ImageWidth = 256;
    public const int ImageLength = 257;
    public const int BitsPerSample = 258;
    public const int Compression = 259;
    public const int FillOrder = 266;
    public const int ImageDescription = 270;
    public const int StripOffsets = 273;
    public const int SamplesPerPixel = 277;
    public const int RowsPerStrip = 278;
    public const int StripByteCounts = 279;
    public const int XResolution = 282;
    public const int ResolutionUnit = 296;
    public const int Predictor = 317;
    public const int TileWidth = 322;
    public const int TileLength = 323;
    public const int TileOffsets = 324;
    public const int TileByteCounts = 325;
    public const int SampleFormat = 339;
    public const int EerRunBits = 65007;
    public const int EerHorizontalBits = 65008;
    public const int EerVerticalBits = 65009;
}
