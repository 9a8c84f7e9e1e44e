using System.Collections.Immutable;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Codecs;

/// <summary>
/// A group of internal frames of an EER file that are summed into one frame: where their bytes lie in the piece that holds them
/// all, and how they are drawn.
/// </summary>
/// <remarks>Immutable; any thread. Travels as the parameters of a <see cref="FilterKind.Eer"/> step.</remarks>
public sealed class EerGroup
{
    private const int HeaderLength = 4;

    private EerGroup(EerCoding coding, int sensorBits, int upsampling, int sampleLengthBytes, ImmutableArray<ImmutableArray<Range>> frames) =>
        (Coding, SensorBits, Upsampling, SampleLengthBytes, Frames) = (coding, sensorBits, upsampling, sampleLengthBytes, frames);

    public EerCoding Coding { get; }

    /// <summary>Width and height of the sensor are 2 to this power: 11 or 12.</summary>
    public int SensorBits { get; }

    /// <summary>1: the sensor's pixels; 2: each pixel in 2 × 2.</summary>
    public int Upsampling { get; }

    /// <summary>1 or 2: counts of up to 255 or 65,535 internal frames, each of which counts a pixel once.</summary>
    public int SampleLengthBytes { get; }

    /// <summary>For each internal frame the strips that hold it, in order, as ranges of the piece.</summary>
    public ImmutableArray<ImmutableArray<Range>> Frames { get; }

    /// <summary>Rows and columns of the drawn frame.</summary>
    public int GridLength => Upsampling << SensorBits;

    /// <summary>Bytes of the drawn frame.</summary>
    public int LengthBytes => GridLength * GridLength * SampleLengthBytes;

    /// <exception cref="ArgumentException">A value is none of those that the members name.</exception>
    public static EerGroup Create(
        EerCoding coding, int sensorBits, int upsampling, int sampleLengthBytes, ImmutableArray<ImmutableArray<Range>> frames)
    {
        if (!Enum.IsDefined(coding) || sensorBits is not (11 or 12) || upsampling is not (1 or 2) || sampleLengthBytes is not (1 or 2))
        {
            throw new ArgumentException("an EER group has a coding, sensor, upsampling or sample length that does not exist", nameof(coding));
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(frames.Length, (1 << (8 * sampleLengthBytes)) - 1, nameof(frames));
        return new EerGroup(coding, sensorBits, upsampling, sampleLengthBytes, frames);
    }

    /// <summary>The step that draws this group.</summary>
    public FilterStep ToStep()
    {
        var parameters = ImmutableArray.CreateBuilder<int>();
        parameters.AddRange((int)Coding, SensorBits, Upsampling, SampleLengthBytes);
        foreach (var strips in Frames)
        {
            parameters.Add(strips.Length);
            foreach (var strip in strips)
            {
                parameters.AddRange(strip.Start.Value, strip.End.Value);
            }
        }

        return new FilterStep(FilterKind.Eer, parameters.ToImmutable());
    }

    /// <summary>The group of a step.</summary>
    /// <exception cref="ArgumentException">The parameters are not those of <see cref="ToStep"/>.</exception>
    public static EerGroup FromStep(FilterStep step)
    {
        var parameters = step.Parameters.AsSpan();
        ArgumentOutOfRangeException.ThrowIfLessThan(parameters.Length, HeaderLength, nameof(step));
        var frames = ImmutableArray.CreateBuilder<ImmutableArray<Range>>();
        for (var rest = parameters[HeaderLength..]; !rest.IsEmpty;)
        {
            int stripCount = rest[0];
            var strips = ImmutableArray.CreateBuilder<Range>(stripCount);
            for (int strip = 0; strip < stripCount; strip++)
            {
                strips.Add(rest[1 + (2 * strip)]..rest[2 + (2 * strip)]);
            }

            frames.Add(strips.MoveToImmutable());
            rest = rest[(1 + (2 * stripCount))..];
        }

        return Create((EerCoding)parameters[0], parameters[1], parameters[2], parameters[3], frames.ToImmutable());
    }
}
