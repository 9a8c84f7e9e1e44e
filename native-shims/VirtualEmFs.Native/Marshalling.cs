using System.Runtime.CompilerServices;

// Every signature of this assembly is blittable: what C sees is what is written.
[assembly: DisableRuntimeMarshalling]
