using System.Buffers;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Archives.Compression;

/// <summary>Tells what compressing a file would give, from all samples of some images and some of their chunks; writes nothing.</summary>
internal sealed class CompressionForecast(ICompressionInput input, ImagePlanner planner, CancellationToken cancellation)
{
    // Images of a stack are alike: 16 of them, and 64 chunks in all, give the size within a few percent.
    private const int SampledImages = 16, SampledChunks = 64;

    // What a group with its dataset and attributes costs in a stack, and the root with everything else (Eman2Writer's measurements).
    private const long ImageOverheadBytes = 2450, FileOverheadBytes = 8 * 1024;

    /// <summary>The report that compressing would give, within the accuracy of the samples.</summary>
    public CompressionReport Run(string outputPath, string rule)
    {
        var account = new CompressionAccount();
        var encoder = new ImageEncoder(input, planner);
        int imageCount = Math.Min(input.ImageCount, SampledImages);
        int chunksPerImage = SampledChunks / imageCount;
        double storedLengthBytes = 0;
        int sectionCount = 0;
        for (int i = 0; i < imageCount; i++)
        {
            int index = (int)((long)i * input.ImageCount / imageCount);
            PlannedImage image = planner.Plan(index, input.Describe(index));
            long chunkCount = image.Target.Grid.Count;
            long sampled = Math.Min(chunkCount, chunksPerImage);
            var report = default(QuantizationReport);
            long sampledLengthBytes = 0;
            for (long k = 0; k < sampled; k++)
            {
                cancellation.ThrowIfCancellationRequested();
                EncodedChunk chunk = encoder.EncodeChunk(image, ((2 * k) + 1) * chunkCount / (2 * sampled));
                sampledLengthBytes += chunk.LengthBytes;
                foreach (ChunkPart part in chunk.Parts)
                {
                    report = report.Merge(part.Report);
                }

                ArrayPool<byte>.Shared.Return(chunk.Stored);
            }

            account.Add(image.Plan, report);
            storedLengthBytes += (double)sampledLengthBytes * chunkCount / sampled;
            sectionCount = Math.Max(sectionCount, image.Target.SectionCount);
        }

        double whole = (double)input.ImageCount / imageCount;
        long predictedLengthBytes = (long)(storedLengthBytes * whole) + (ImageOverheadBytes * input.ImageCount) + FileOverheadBytes + input.Mrc.Header.Length;
        return account.Report(input, sectionCount * input.ImageCount, outputPath, predictedLengthBytes, rule);
    }
}
