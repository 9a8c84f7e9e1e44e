using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Mount.Extraction;

/// <summary>One file that an archive appears as.</summary>
/// <param name="Name">Its name where the archive stands; inside the archive's folder for a member.</param>
/// <param name="View">How its header reads under that name.</param>
/// <param name="Member">Image number in a folder; null for the archive as a whole.</param>
/// <param name="Describe">Describes it, or throws <see cref="ArchiveException"/>.</param>
internal sealed record VirtualFile(string Name, MrcView View, int? Member, Func<ArchiveDescription> Describe);
