namespace VirtualEmFs.Archives.Tiff;

/// <summary>A TIFF or EER file whose structure is broken; the message is what is wrong, without the path.</summary>
internal sealed class TiffFormatException(string reason) : Exception(reason);
